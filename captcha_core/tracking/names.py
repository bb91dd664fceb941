"""What the library writes into MLflow and others read back: tags, metrics, parameters and artifacts, each named once.

Metrics without ``test_`` or ``best_`` carry the names of the figures that evaluation and training compute.
"""


class Tag:
    """Tags of runs and of registered versions."""

    OWN = "captchalab."  # begins every tag of ours

    KIND = "captchalab.kind"  # what a run is: one of Kind
    PRESET = "captchalab.preset"  # the preset's name, or that of the data set
    REASON = "captchalab.reason"  # why a run did not finish
    KEY = "captchalab.key"  # tells a run apart that must exist once, whoever begins it
    REFUSED = "captchalab.refused"  # what MLflow would not take
    RESUMED_WITH = "captchalab.resumed_with"  # parameters that a resumed run changed
    RERUN_OF = "captchalab.rerun_of"  # the run whose training this one repeats
    TRACEBACK = "captchalab.traceback"  # of a fault in the code

    PID = "captchalab.pid"  # process that the run belongs to
    HOST = "captchalab.host"  # its machine
    BORN = "captchalab.born"  # when that process began

    COMMAND = "captchalab.command"  # command line that made the run
    VERSION = "captchalab.version."  # prefix: installed version of a library
    PLUGINS = "captchalab.plugins"  # modules of other people that were loaded
    GIT_COMMIT = "mlflow.source.git.commit"  # checkout of the code
    GIT_DIRTY = "captchalab.git_dirty"  # whether the checkout had changes

    METRICS = "captchalab.metrics"  # version of the metrics' definitions
    PRECISION = "captchalab.precision"  # of the computation
    REMARKS = "captchalab.remarks"  # what looked wrong during training
    CAUSES = "captchalab.causes"  # what explains wrong answers, a sentence a line
    REGISTERED = "captchalab.registered"  # NAME/VERSION that the run registered

    SEARCH = "captchalab.search"  # name of the search that a run is part of
    TRIAL = "captchalab.trial"  # four digits of a trial
    TRIALS = "captchalab.trials"  # how many trials a search makes
    BEST_TRIAL = "captchalab.best_trial"  # number of the best trial
    BEST_RUN = "captchalab.best_run"  # its run
    FRONT = "captchalab.front"  # trials that none beats in both exact match and latency
    BUNDLE = "captchalab.bundle"  # digest of the bundle that a trial has stored
    VERDICT = "captchalab.verdict"  # what full trainings say of the best setting, or an assessment of a captcha

    ATTACKER = "captchalab.attacker"  # which attacker of an assessment a run is

    BUNDLE_SHA256 = "captchalab.bundle_sha256"  # of a version: digest of its bundle
    EPOCHS = "captchalab.epochs"  # of a version: epochs that it was trained for
    MODEL = "captchalab.model"  # of a promotion: registered model
    ENTRY = "captchalab.entry"  # of a promotion: the entry as decided, before anything is done
    PROMOTION = "captchalab.promotion."  # prefix on a registered model: one entry of its history

    PARENT = "mlflow.parentRunId"  # the run within which this one runs
    RUN_NAME = "mlflow.runName"  # shown by MLflow's pages
    NOTE = "mlflow.note.content"  # a description that people write
    USER = "mlflow.user"  # who started the run
    DATA_CONTEXT = "mlflow.data.context"  # of a data set: what it was used for

    @staticmethod
    def digest(context: str) -> str:
        """Return the tag with the digest of the data used for ``training`` or another context."""
        return f"captchalab.{context}_digest"


class ExperimentTag:
    """Tags of experiments, and their values."""

    KIND = "mlflow.experimentKind"  # which pages MLflow shows first
    OF_MODELS = "custom_model_development"  # those for models, not for language models


class Kind:
    """Values of :attr:`Tag.KIND`; promotions have ``promote`` and ``rollback``."""

    TRAIN = "train"
    SEARCH = "search"
    EVALUATE = "evaluate"  # a model read a data set
    COMPARE = "compare"  # models side by side
    GENERATE = "generate"  # a data set was drawn
    AUDIT = "audit"  # a data set was searched for what may be wrong with it
    ASSESS = "assess"  # attackers on one captcha, each a run below it
    SWEEP = "sweep"  # trainings over presets, settings and seeds
    LEAGUE = "league"  # generators of other people, measured
    ANSWERS = "answers"  # a reader learnt from what a site accepted and refused
    TRIAL = "trial"
    WINNER = "winner"  # training of a search's best setting on the full budget
    DEFAULT = "default"  # training of the default setting on the full budget


class Metric:
    """Metrics of runs."""

    VAL_LOSS = "val_loss"
    VAL_EXACT_MATCH = "val_exact_match"
    VAL_CHARACTER_ERROR_RATE = "val_character_error_rate"
    EPOCHS_DONE = "epochs_done"  # epochs that have ended
    TRAIN_SECONDS = "train_seconds"  # time in training

    BEST = "best_"  # prefix: value of a validation metric in the best epoch
    BEST_VAL_LOSS = "best_val_loss"
    BEST_VAL_EXACT_MATCH = "best_val_exact_match"
    BEST_VAL_CHARACTER_ERROR_RATE = "best_val_character_error_rate"

    FINDINGS = "findings"  # of an audit; with _KIND behind it those of a kind
    READ_SHARE = "read_share"  # of an audit: labels that its readers agree with
    STRONGEST = "strongest_exact_match"  # of an assessment: what its strongest attacker reads
    STRONGEST_LOW = "strongest_exact_match_low"  # ends of its 95 % interval
    STRONGEST_HIGH = "strongest_exact_match_high"

    ACCEPTED = "accepted_share"  # of the last answers that were sent to a site
    REFUSALS = "refusals"  # of all answers that were sent to it

    TEST = "test_"  # prefix: figure on the test samples
    TEST_N = "test_n"
    TEST_EXACT_MATCH = "test_exact_match"
    TEST_EXACT_MATCH_LOW = "test_exact_match_low"  # ends of its 95 % interval
    TEST_EXACT_MATCH_HIGH = "test_exact_match_high"
    TEST_CHARACTER_ERROR_RATE = "test_character_error_rate"
    TEST_CALIBRATION_ERROR = "test_expected_calibration_error"
    TEST_LATENCY_P50_MS = "test_latency_p50_ms"
    TEST_MODEL_BYTES = "test_model_bytes"


class Param:
    """Parameters of runs; a nested one has its path with dots."""

    PRESET = "preset.name"
    NETWORK = "network.name"
    MINUTES = "training.minutes"
    EPOCHS = "training.epochs"
    MEDIA = "spec.media"
    DATA_DIGEST = "data.digest"
    DATA_COUNTS = "data.counts."  # prefix: samples in each split
    TUNER = "search.tuner"
    OBJECTIVE = "search.objective"  # metric that a search goes by
    DIRECTION = "search.direction"  # max or min
    SPACE = "space."  # prefix: what a search chose
    HOURS = "assess.hours"  # that an assessment may take


class Artifact:
    """Paths of a run's artifacts."""

    REPORT = "report"  # folder: what the model read of its test samples
    PREDICTIONS = "report/predictions.csv"
    CONFUSION = "report/confusion.csv"
    BY_LENGTH = "report/by_length.csv"
    BY_CHARACTER = "report/by_character.csv"
    CAUSES = "report/causes"  # folder: the plainest samples of each cause of wrong answers
    WORST = "report/worst"  # folder: media of the worst samples
    WORST_TABLE = "report/worst/worst.csv"
    SEARCH = "search"  # folder: space and result of a search
    BUNDLE = "bundle"  # folder: bundle of a trial
    MODEL = "model"  # name of the logged model
    AUDIT = "audit.json"  # findings in a data set, worst first
    AUDIT_SHEET = "audit.html"  # the same with pictures
    ASSESSMENT = "assessment"  # folder: the report of an assessment
    ASSESSMENT_JSON = "assessment/report.json"
    COMPARISON = "comparison.json"  # of models side by side
    PROMOTION = "promotion.json"  # everything about one promotion

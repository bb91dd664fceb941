"""Starting the machine-learning library without its greetings."""

import logging

from captcha_core.memory import LEARNER_MB, require_address_space
from captcha_core.quiet import quiet


def start_keras() -> None:
    """Import Keras and its backend, and let it find its devices, in silence."""
    require_address_space(LEARNER_MB)
    with quiet():
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            tf.config.list_logical_devices()
            logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of every new network's first prediction

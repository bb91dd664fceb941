"""The numbers that make clips easier or harder to understand."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from captcha_core.errors import SpecError
from captcha_core.plugins import registered
from captcha_core.sources.scheme import Knobs, Lowered, Scaled

OUR_ENGINES = ("builtin", "espeak", "polly", "google")
Share = Annotated[float, Field(ge=0.0, le=1.0), Scaled()]
SignalToNoise = Annotated[float | None, Field(ge=-20.0, le=60.0), Lowered(6.0)]


class AudioKnobs(Knobs):
    """How an audio captcha is put together. Everything beyond ``layout`` and the voices is off by default.

    Args:
        layout: ``captcha`` is the `captcha` package's: beeps, 1 to 3 s between characters, hiss and reversed speech
            behind them; it takes the built-in voice alone. ``plain`` sets the characters close to one another.
        engine: Which voices speak.
        voices: Only these speak; empty for all that the engine has.
        held_out: These never speak, so that a model can be judged on voices it has not heard.
        min_pause_s: Shortest pause between two characters of the plain layout.
        max_pause_s: Longest pause.
        overlap: Largest share of a character that the next one may cover.
        max_speed_change: Each character is played faster or slower by up to this share, its pitch moving with it.
        max_pitch_change: Each character's pitch moves by up to this many semitones, its length kept.
        white_snr_db: Signal to noise ratio of white noise; None for none.
        pink_snr_db: The same of pink noise.
        babble_snr_db: The same of many voices at once.
        reversed_snr_db: The same of one voice speaking other characters backwards.
        snr_spread_db: Each clip's ratios lie up to this much above the ones given.
        reverb_share: Share of the clips that are played in a room.
        max_reverb_s: Longest time in which such a room's echo falls by 60 dB.
        telephone_share: Share of the clips that come through a telephone (300 to 3,400 Hz, 8-bit companded).
    """

    layout: Literal["captcha", "plain"] = "plain"
    engine: str = "builtin"
    voices: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    min_pause_s: float = Field(default=0.02, ge=0.0, le=5.0)
    max_pause_s: float = Field(default=0.25, ge=0.0, le=5.0)
    overlap: Annotated[float, Field(ge=0.0, le=0.5), Scaled()] = 0.0
    max_speed_change: Annotated[float, Field(ge=0.0, le=0.5), Scaled()] = 0.0
    max_pitch_change: Annotated[float, Field(ge=0.0, le=6.0), Scaled()] = 0.0
    white_snr_db: SignalToNoise = None
    pink_snr_db: SignalToNoise = None
    babble_snr_db: SignalToNoise = None
    reversed_snr_db: SignalToNoise = None
    snr_spread_db: float = Field(default=0.0, ge=0.0, le=40.0)
    reverb_share: Share = 0.0
    max_reverb_s: float = Field(default=0.4, ge=0.05, le=2.0)
    telephone_share: Share = 0.0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.engine not in OUR_ENGINES and self.engine not in registered("engine"):
            known = ", ".join([*OUR_ENGINES, *registered("engine")])
            raise SpecError(f"expected an engine of {known}, received {self.engine!r}; choose one.")
        if self.layout == "captcha" and self.engine != "builtin":
            raise SpecError(
                f"expected the engine builtin for the layout captcha, received {self.engine}; take the layout plain."
            )
        if self.min_pause_s > self.max_pause_s:
            raise SpecError(
                f"expected min_pause_s <= max_pause_s, received {self.min_pause_s:g} and {self.max_pause_s:g}."
            )
        return self

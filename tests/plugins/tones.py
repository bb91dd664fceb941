"""A plugin, as its user would write it: digits that are whistled, a voice, a scheme, a network and a source of them."""

import numpy as np

from captcha_core.features.audio import LogMelFeatures
from captcha_core.media.audio import encode_wav
from captcha_core.plugins import register_network, register_scheme, register_source, register_voice
from captcha_core.sources.audio_knobs import AudioKnobs
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.voices.contract import Speaker, Voices
from captcha_core.spec.captcha import CaptchaSpec


class Whistle(Voices):
    engine, sample_rate_hz = "whistle", 8_000

    def names(self):
        return ("whistler",)

    def speaker(self, voice, rng):
        return Speaker(voice)

    def say(self, speaker, characters):
        time = np.arange(2_000) / self.sample_rate_hz
        return {one: np.sin(2 * np.pi * (500 + 300 * int(one)) * time).astype(np.float32) for one in characters}


class Songs:
    def __init__(self, place):
        self.voice = Whistle()
        self.texts = [place + digit for digit in "0123"]

    def names(self):
        return [f"{text}.wav" for text in self.texts]

    def read(self, name, limit=2**20):
        said = self.voice.say(Speaker("whistler"), name[:-4])
        return encode_wav(np.concatenate([said[one] for one in name[:-4]]), 8_000)


def build(shape, spec, width=16):
    import keras
    from keras import layers

    levels = keras.Input(tuple(shape), dtype="uint8")
    x = layers.Conv1D(width, 5, strides=4, activation="relu")(layers.Rescaling(1 / 255)(levels))
    x = layers.Dense(spec.max_length * spec.charset.classes)(layers.Flatten()(x))
    return keras.Model(levels, layers.Reshape((spec.max_length, spec.charset.classes))(x))


register_voice(Whistle)
register_scheme(
    Scheme(
        name="whistled-digits",
        description="Two digits as tones",
        spec=CaptchaSpec.build(
            media="audio", alphabet="0123", min_length=2, max_length=2, sample_rate_hz=8_000, max_seconds=1.5
        ),
        knobs=AudioKnobs(engine="whistle"),
    )
)
register_network("whistle_net", media="audio", head="positions", features=LogMelFeatures.of, build=build)
register_source("songs", Songs)

"""The kinds of features, as they are written into a bundle's config.json."""

from typing import Annotated

from pydantic import Field, TypeAdapter

from captcha_core.features.audio import LogMelFeatures, SpectrogramPicture
from captcha_core.features.image import ImageFeatures
from captcha_core.features.letters import LetterFeatures
from captcha_core.features.strip import StripFeatures

AnyFeatures = Annotated[
    ImageFeatures | StripFeatures | LetterFeatures | LogMelFeatures | SpectrogramPicture, Field(discriminator="kind")
]
FEATURES: TypeAdapter[AnyFeatures] = TypeAdapter(AnyFeatures)

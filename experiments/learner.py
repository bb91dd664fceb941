"""Starting the machine-learning library without its greetings."""

from captcha_core.quiet import quiet


def start() -> None:
    """Import Keras and its backend, and let it find its devices, in silence."""
    with quiet():
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            tf.config.list_logical_devices()

"""svg-captcha: letters as paths of an SVG, struck through by lines, rasterised here as a browser shows them."""

NPM = ["svg-captcha@1.4.0", "@resvg/resvg-js@2.6.2"]
SETTINGS = {
    "default": {},
    "hardest": {"size": 6, "noise": 6, "color": True},
    "sums": {"sums": True},
}

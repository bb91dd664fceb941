// The program of svg_captcha.py: node svg_captcha.js ENVIRONMENT SETTINGS, answering by docs/programs.md.
const path = require("path");
const readline = require("readline");

const modules = path.join(process.argv[2], "node_modules");
const captcha = require(path.join(modules, "svg-captcha"));
const { Resvg } = require(path.join(modules, "@resvg", "resvg-js"));
const { sums, ...options } = JSON.parse(process.argv[3]);

// A small generator in place of Math.random, so that the same request is answered the same (mulberry32).
function seeded(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { seed, index } = JSON.parse(line);
  Math.random = seeded(Math.imul(seed + 1, 1000003) + index);
  const size = sums ? 3 : options.size || 4;
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const pick = (characters) => characters[Math.floor(Math.random() * characters.length)];
  const text = sums
    ? `${pick("123456789")}${pick("+-")}${pick("123456789")}`
    : Array.from({ length: size }, () => pick(letters)).join("");
  const picture = new Resvg(captcha(text, { background: "#ffffff", ...options })).render().asPng();
  console.log(JSON.stringify({ text, media: Buffer.from(picture).toString("base64") }));
});

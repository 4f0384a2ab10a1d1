// Run in the root of the checkout: eslint reads files below its working directory alone.
import js from "@eslint/js";

const browser = [
  "addEventListener", "Blob", "cancelAnimationFrame", "clearInterval", "CSS", "DecompressionStream", "document",
  "DOMPoint", "Event", "getComputedStyle", "getSelection", "HTMLInputElement", "innerWidth", "matchMedia", "navigator",
  "parent", "performance", "requestAnimationFrame", "ResizeObserver", "Response", "setInterval", "window",
];

export default [
  js.configs.recommended,
  {
    files: ["**/viz/**/page/*.js"],
    languageOptions: { globals: Object.fromEntries(browser.map(name => [name, "readonly"])) },
  },
  {
    rules: {
      "complexity": ["error", 18],
      "max-len": ["error", { code: 110, ignoreStrings: true, ignoreTemplateLiterals: true }],
      "max-lines-per-function": ["error", 45],
      "no-control-regex": "off", // names are searched for invisible characters
      "no-var": "error",
      "prefer-const": ["error", { destructuring: "all" }],
    },
  },
];

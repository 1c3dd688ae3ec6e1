// Bundles the page: node build.mjs [FOLDER]. Without a folder, into the package.
import { copyFile, readFile } from "node:fs/promises";
import { build } from "esbuild";

/** KaTeX's styles with its fonts inside, in the one format that every browser of today reads. */
const fonts = {
  name: "fonts",
  setup(build) {
    build.onLoad({ filter: /katex\.css$/ }, async ({ path }) => {
      const css = await readFile(path, "utf8");
      return { contents: css.replace(/,\s*url\([^)]*\.(woff|ttf)\) format\("[a-z]+"\)/g, ""), loader: "css" };
    });
  },
};

const folder = process.argv[2] ?? "../src/chainrule/view/static";
await build({
  entryPoints: { page: "src/main.ts" },
  outdir: folder,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "inline",
  loader: { ".woff2": "dataurl" },
  plugins: [fonts],
});
await copyFile("src/index.html", `${folder}/index.html`);

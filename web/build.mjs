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

/** The notices of what is bundled, by package; the fonts of KaTeX have one of their own. */
const notices = { katex: ["katex.txt", "katex-fonts.txt"] };
const texts = await Promise.all(Object.values(notices).flat().map((name) => readFile(`../LICENSES/${name}`, "utf8")));
const banner = `/*!\n${texts.join("\n\n")}*/`;

const folder = process.argv[2] ?? "../src/chainrule/view/static";
const { metafile } = await build({
  entryPoints: { page: "src/main.ts" },
  outdir: folder,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "inline",
  banner: { js: banner, css: banner },
  metafile: true,
  loader: { ".woff2": "dataurl" },
  plugins: [fonts],
});
const bundled = new Set(Object.keys(metafile.inputs).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []));
for (const name of bundled) if (!(name in notices)) throw new Error(`${name}: its notice belongs into LICENSES/ and into build.mjs`);
await copyFile("src/index.html", `${folder}/index.html`);

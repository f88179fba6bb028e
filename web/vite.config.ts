import { defineConfig } from "vite";

// The built page is committed and ships in the wheel, so that users need no Node.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/lingseg/web/page",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false }, // it would be the only inline script
    license: { fileName: "licenses.md" }, // of what is bundled; their texts must go along
    assetsInlineLimit: 0, // data: addresses are not in the content security policy
    reportCompressedSize: false,
  },
});

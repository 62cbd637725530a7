// Builds the console's pages: src/console -> dist/console, which the gateway serves.
import preact from '@preact/preset-vite'
import { defineConfig } from 'vite'

export default defineConfig({
  root: `${import.meta.dirname}/src/console`,
  plugins: [preact()],
  build: {
    outDir: `${import.meta.dirname}/dist/console`,
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})

import { fileURLToPath } from 'node:url'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { firstFiles, laterIcons } from './scripts/icons.mjs'

// The app is served from the hub's own origin and asks nobody else: icons and fonts are part of the
// build. Colours stand in src/style.css, so no style sheet is written at run time and a strict
// Content-Security-Policy holds.
const hub = process.env.TAMAS_HUB ?? 'http://127.0.0.1:8080'

const src = fileURLToPath(new URL('./src', import.meta.url))

export default defineConfig({
  plugins: [
    vue(),
    laterIcons(src),
    ui({
      autoImport: false,
      colorMode: false,
      dts: true,
      components: { dirs: [], dts: 'src/components.d.ts' },
      theme: { colors: ['primary', 'success', 'warning', 'error'] },
      experimental: { componentDetection: true },
      icon: { clientBundle: { scan: { globInclude: firstFiles(src).map((f) => f.slice(src.length - 3)), globExclude: [] } } },
      ui: {
        button: { slots: { base: 'cursor-pointer' } },
        modal: { slots: { wrapper: 'pe-9' }, variants: { overlay: { true: { overlay: 'bg-ink-950/45' } } } },
        slideover: { slots: { overlay: 'bg-ink-950/45', wrapper: 'pe-9' } },
      },
    }),
  ],
  resolve: { alias: { '@': src } },
  server: {
    proxy: {
      // The hub checks that requests come from its own origin.
      '/api': { target: hub, ws: true, changeOrigin: true, headers: { origin: hub } },
      '/hooks': { target: hub, ws: true, changeOrigin: true },
    },
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    // A first visit's pages ask at once for all that they import. Others ask for it when they are there: the lists of it, names that nothing can shorten, would be a part of every first visit.
    modulePreload: { polyfill: false, resolveDependencies: (file, deps, { hostType }) => (hostType === 'html' || /\/(Shell|Inbox|SignIn|Setup|locale-\w+)-[^/]*$/.test(file) ? deps : deps.filter((d) => d.endsWith('.css'))) },
    reportCompressedSize: false,
    manifest: 'manifest.json',
  },
  test: { environment: 'happy-dom', include: ['src/**/*.spec.ts', 'test/**/*.spec.mjs'], testTimeout: 60_000, hookTimeout: 60_000 },
})

import { fileURLToPath } from 'node:url'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// The app is served from the hub's own origin and asks nobody else: icons and fonts are part of the
// build. Colours stand in src/style.css, so no style sheet is written at run time and a strict
// Content-Security-Policy holds.
const hub = process.env.TAMAS_HUB ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [
    vue(),
    ui({
      autoImport: false,
      colorMode: false,
      dts: true,
      components: { dirs: [], dts: 'src/components.d.ts' },
      theme: { colors: ['primary', 'success', 'warning', 'error'] },
      experimental: { componentDetection: true },
      icon: { clientBundle: { scan: { globInclude: ['src/**/*.{vue,ts}'], globExclude: [] } } },
      ui: {
        button: { slots: { base: 'cursor-pointer' } },
        modal: { variants: { overlay: { true: { overlay: 'bg-ink-950/45' } } } },
        slideover: { slots: { overlay: 'bg-ink-950/45' } },
      },
    }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
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
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: 'manifest.json',
  },
  test: { environment: 'happy-dom', include: ['src/**/*.spec.ts', 'test/**/*.spec.ts'] },
})

import type { Plugin } from 'vite'

export function firstFiles(src: string): string[]
export function laterIcons(src: string): Plugin

//go:build !plantedbug

package inbox

const plantedBug = false

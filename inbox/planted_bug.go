//go:build plantedbug

package inbox

const plantedBug = true

//go:build !race

package testenv

// Raced: the race detector watches. What only costs time then is made shorter; .ci/run runs it in full without.
const Raced = false

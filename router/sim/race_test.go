//go:build race

package sim

// The race detector makes everything ten times slower: then waits are compared one by one only.
const raced = true

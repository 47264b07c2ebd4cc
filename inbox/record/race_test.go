//go:build race

package record

// SQLite's code is Go, which the race detector makes twenty times slower: random histories are shorter then.
const raced = true

package router

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// policyText is what the record keeps of how decisions were made: with the headers, what was pending and the time it gives the decision
// again. It names no person: users stand in it by their ids.
type policyText struct {
	Engine int    `json:"engine"`
	Policy Policy `json:"policy"`
	Rules  Rules  `json:"rules"`
}

// named gives the text of a policy and rules, and the hash that names it in reasons.
func named(p Policy, r Rules) (hash string, text []byte) {
	text, err := json.Marshal(policyText{EngineVersion, p, r})
	if err != nil {
		panic(err) // plain structs
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:10]), text
}

// readPolicy reads what the record keeps under a hash, and sees that it is that text.
func readPolicy(hash string, text []byte) (policyText, error) {
	t := policyText{Policy: DefaultPolicy()} // what it does in code is of the engine's version
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:10]) != hash {
		return t, fmt.Errorf("what is kept as policy %s is another text", hash)
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return t, fmt.Errorf("policy %s: %w", hash, err)
	}
	return t, nil
}

package sms

import (
	"encoding/json"
	"errors"
	"strings"

	"tamas/channels"
)

// startThread is where a conversation with a number stands that the firm begins: its answers come from the number.
func startThread(raw json.RawMessage, address string) (thread, number string, err error) {
	var set struct {
		Region string `json:"region"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return "", "", errors.New("the account's settings cannot be read")
	}
	number, ok := Normalise(address, strings.ToUpper(set.Region))
	if !ok {
		return "", "", &channels.FieldError{Field: "address", Reason: "This is no telephone number."}
	}
	return number, number, nil
}

package telegram

import (
	"encoding/json"
	"strconv"

	"tamas/channels"
)

// startThread is the private chat of a user, by the user's number. A bot can only write there once its user has written to it.
func startThread(_ json.RawMessage, address string) (thread, normalised string, err error) {
	if n, err := strconv.ParseInt(address, 10, 64); err != nil || n <= 0 || strconv.FormatInt(n, 10) != address {
		return "", "", &channels.FieldError{Field: "address", Reason: "This is no number of a Telegram user."}
	}
	return address, address, nil
}

package email

import (
	"encoding/json"

	"tamas/channels"
)

// startThread normalises whom a first mail goes to. Its thread is the hub's own: the ids of what is sent lead answers there.
func startThread(_ json.RawMessage, address string) (thread, normalised string, err error) {
	addr, ok := normal(address)
	if !ok {
		return "", "", &channels.FieldError{Field: "address", Reason: "This is no e-mail address."}
	}
	return "", addr, nil
}

// ownAddresses are those under which the mailbox sends and is written to.
func ownAddresses(raw json.RawMessage) (list []string) {
	var set Settings
	if json.Unmarshal(raw, &set) != nil {
		return nil
	}
	for _, s := range []string{set.Address, set.Username} {
		if addr, ok := normal(s); ok {
			list = append(list, addr)
		}
	}
	return list
}

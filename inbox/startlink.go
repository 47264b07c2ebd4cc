package inbox

import "tamas/channels"

// StartLink is an address that a known customer opens to be known on that account's channel as well; "" when the channel has no
// such thing or the account is not open.
func (h *Hub) StartLink(account, customer string) string {
	h.accounts.mu.RLock()
	defer h.accounts.mu.RUnlock()
	if a := h.accounts.open[account]; a != nil {
		if l, ok := a.adapter.(channels.Linker); ok {
			return l.StartLink(customer)
		}
	}
	return ""
}

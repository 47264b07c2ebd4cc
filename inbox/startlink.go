package inbox

import "tamas/channels"

// StartLink is an address that a known customer opens to be known on that account's channel as well; "" when the channel has no
// such thing or the account is not open.
func (h *Hub) StartLink(account, customer string) string {
	h.accounts.mu.RLock()
	a := h.accounts.open[account]
	h.accounts.mu.RUnlock()
	if a == nil {
		return ""
	}
	if l, ok := a.adapter.(channels.Linker); ok { // may ask the provider who the bot is
		return l.StartLink(customer)
	}
	return ""
}

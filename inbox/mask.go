package inbox

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"

	"tamas/inbox/record"
	"tamas/inbox/redact"
)

// Card numbers, national ids and passwords are masked before anything is written, so they stand in no event, no row, no index. What is not
// looked through: files, and the bytes of what could not be read. What agents send to customers is sent as it is.

// maxSecrets bounds what is kept of one message.
const maxSecrets = 100

// ErrNothingKept: nothing of what was masked there can be shown.
var ErrNothingKept = errors.New("nothing is kept of what was masked")

func rulesOf(p *record.PrivacySetting) redact.Rules {
	return redact.Rules{Cards: p.Cards, NationalIDs: p.NationalIDs != "", Always: p.NationalIDs == "always", Passwords: p.Passwords}
}

// masking gathers what is masked in the parts of one message.
type masking struct {
	rules redact.Rules
	keep  bool
	found []redact.Secret
}

func (h *Hub) masking() *masking {
	p := &h.Settings().Privacy
	return &masking{rules: rulesOf(p), keep: p.Keep}
}

func (m *masking) text(parts ...*string) {
	if !m.rules.Any() {
		return
	}
	for _, part := range parts {
		masked, found := m.rules.Text(*part)
		*part = masked
		m.add(found)
	}
}

func (m *masking) html(part *string) {
	if !m.rules.Any() || *part == "" {
		return
	}
	masked, found := m.rules.HTML(*part)
	*part = masked
	m.add(found)
}

func (m *masking) add(found []redact.Secret) {
	for _, s := range found {
		if len(m.found) < maxSecrets && !slices.Contains(m.found, s) { // a mail says all twice
			m.found = append(m.found, s)
		}
	}
}

// kinds are those of what was found.
func (m *masking) kinds() (list []string) {
	for _, s := range m.found {
		if !slices.Contains(list, s.Kind) {
			list = append(list, s.Kind)
		}
	}
	slices.Sort(list)
	return list
}

// maskedInto notes on a body what was masked, and keeps it encrypted where that is asked for. name is the message's, for good.
func (h *Hub) maskedInto(m *masking, name string, b *record.Body) error {
	if len(m.found) == 0 || b == nil {
		return nil
	}
	b.Masked = m.kinds()
	if !m.keep {
		return nil
	}
	plain, err := json.Marshal(m.found)
	if err != nil {
		return err
	}
	aead, err := h.maskSealer()
	if err != nil {
		return err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	b.Sealed = aead.Seal(nonce, nonce, plain, []byte(name))
	return nil
}

func (h *Hub) maskSealer() (cipher.AEAD, error) { return sealer(h.key, "masked text") }

// maskNote masks what an agent notes down.
func (h *Hub) maskNote(ctx context.Context, cmd *Command) error {
	m := h.masking()
	m.text(&cmd.Text)
	account := ""
	if len(m.found) > 0 && m.keep {
		c, _, err := h.find(ctx, cmd.Conversation, cmd.aside())
		if err != nil {
			return err
		}
		account = c.Account
	}
	return h.maskedInto(m, maskName(account, cmd.Key), &cmd.masked)
}

// maskLogged masks what others log.
func (h *Hub) maskLogged(t *record.Touch) error {
	if t.Body == nil || t.Kind == record.KindVisit {
		return nil
	}
	m := h.masking()
	m.text(&t.Body.Subject, &t.Body.Text)
	return h.maskedInto(m, maskName(t.Account, t.Key), t.Body)
}

// maskName is what a message's secrets are bound to.
func maskName(account, key string) string { return account + "\n" + key }

// Unmask opens what was masked in a touch. ErrNothingKept. The caller decides who may.
func (h *Hub) Unmask(t *record.Touch) ([]redact.Secret, error) {
	if t.Body == nil || len(t.Body.Sealed) == 0 {
		return nil, ErrNothingKept
	}
	aead, err := h.maskSealer()
	if err != nil {
		return nil, err
	}
	sealed := t.Body.Sealed
	if len(sealed) < aead.NonceSize() {
		return nil, ErrNothingKept
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(maskName(t.Account, t.Key)))
	if err != nil {
		return nil, errors.New("what was masked was sealed with another key")
	}
	var list []redact.Secret
	return list, json.Unmarshal(plain, &list)
}

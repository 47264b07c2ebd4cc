package inbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"tamas/channels"
)

// Links and upload tokens name stored files to those who may have them. Both are sealed whole, so that neither a file's name nor
// its place in the store can be read from them, and both expire.
const (
	linkTime   = 30 * 24 * time.Hour // of a link that a customer gets
	uploadTime = 24 * time.Hour      // of a file that was uploaded but not sent yet
	maxToken   = 2048                // characters
)

// Errors of OpenLink and OpenUpload.
var (
	ErrExpired = errors.New("this link has expired")
	ErrNoLink  = errors.New("there is no such link")
)

// FileLink is an address from which anybody who has it can fetch the file for 30 days; "" when the hub knows no address of its
// own, or the file's content is missing.
func (h *Hub) FileLink(f channels.File) string {
	base := h.publicURL
	if base == "" {
		base = h.localURL
	}
	token := h.fileToken("link", f, linkTime)
	if base == "" || token == "" {
		return ""
	}
	return base + "/f/" + token
}

// OpenLink gives the file of a link's token: Blob, Name, Type, Kind, Size and measures. ErrExpired, ErrNoLink.
func (h *Hub) OpenLink(token string) (channels.File, error) { return h.openToken("link", token) }

// UploadToken names a file that a user has uploaded, for a day, to that user only.
func (h *Hub) UploadToken(user string, f channels.File) string {
	return h.fileToken("upload "+user, f, uploadTime)
}

// OpenUpload gives the file of a token that UploadToken made for this user. ErrExpired, ErrNoLink.
func (h *Hub) OpenUpload(user, token string) (channels.File, error) {
	return h.openToken("upload "+user, token)
}

// fileToken seals a file for one purpose; "" when its content is missing.
func (h *Hub) fileToken(purpose string, f channels.File, life time.Duration) string {
	blob, err := hex.DecodeString(f.Blob)
	if err != nil || len(blob) != sha256.Size {
		return ""
	}
	p := binary.AppendVarint(nil, h.now().Add(life).Unix())
	p = append(p, blob...)
	for _, n := range []int64{f.Size, int64(f.Width), int64(f.Height), int64(f.Duration)} {
		p = binary.AppendVarint(p, n)
	}
	for _, s := range []string{f.Kind, f.Type, f.Name} {
		s = cleanLine(s, channels.MaxName)
		p = append(binary.AppendUvarint(p, uint64(len(s))), s...)
	}
	nonce := make([]byte, h.links.NonceSize(), h.links.NonceSize()+len(p)+h.links.Overhead())
	_, _ = rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(h.links.Seal(nonce, nonce, p, []byte(purpose)))
}

func (h *Hub) openToken(purpose, token string) (f channels.File, err error) {
	if len(token) > maxToken {
		return f, ErrNoLink
	}
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(sealed) < h.links.NonceSize() {
		return f, ErrNoLink
	}
	p, err := h.links.Open(nil, sealed[:h.links.NonceSize()], sealed[h.links.NonceSize():], []byte(purpose))
	if err != nil {
		return f, ErrNoLink
	}
	// What is read from here on was written by fileToken, of this program or of an older one.
	ok := true
	number := func() int64 {
		v, n := binary.Varint(p)
		if ok = ok && n > 0; ok {
			p = p[n:]
		}
		return v
	}
	take := func(n uint64) (b []byte) {
		if ok = ok && n <= uint64(len(p)); ok {
			b, p = p[:n], p[n:]
		}
		return b
	}
	text := func() string {
		v, n := binary.Uvarint(p)
		if ok = ok && n > 0; ok {
			p = p[n:]
		}
		return string(take(v))
	}
	expires := number()
	f.Blob = hex.EncodeToString(take(sha256.Size))
	f.Size, f.Width, f.Height, f.Duration = number(), int(number()), int(number()), int(number())
	f.Kind, f.Type, f.Name = text(), text(), text()
	switch {
	case !ok:
		return channels.File{}, ErrNoLink
	case h.now().Unix() >= expires:
		return channels.File{}, ErrExpired
	}
	return f, nil
}

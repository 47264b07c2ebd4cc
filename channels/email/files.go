package email

import (
	"context"
	"io"
	"net/url"
	"path"
	"strings"

	"tamas/channels"
)

// attachment is a file of a mail whose content stands in the mail still.
type attachment struct {
	name, typ string
	cid       string // Content-ID as it may stand in an address; "" when there is none
	location  string // Content-Location
	missing   string // why there is no content
	shown     bool   // the HTML shows it
	twin      string // of an invitation: what another of the same content has too
	open      func() io.Reader
}

// store streams the files into the hub's store, one after the other. Its error means: deliver again.
func (a *Adapter) store(ctx context.Context, list []*attachment) ([]channels.File, error) {
	var out []channels.File
	for _, f := range list {
		file := channels.File{Name: f.name, Type: f.typ, Missing: f.missing}
		if f.shown {
			file.CID = f.cid
		}
		if f.missing == "" {
			var err error
			if file, err = a.cfg.Desk.Store(ctx, file, f.open()); err != nil {
				return nil, err
			}
		}
		if file.Kind == "" {
			file.Kind = "file"
		}
		out = append(out, file)
	}
	return out, nil
}

// extensions of the types that come without a name.
var extensions = map[string]string{"text/plain": ".txt", "text/html": ".html", "text/csv": ".csv", "text/calendar": ".ics", "application/ics": ".ics",
	"text/vcard": ".vcf", "text/x-vcard": ".vcf", "image/jpeg": ".jpg", "image/jpg": ".jpg", "image/png": ".png", "image/gif": ".gif",
	"image/webp": ".webp", "image/heic": ".heic", "image/tiff": ".tif", "image/bmp": ".bmp", "image/svg+xml": ".svg", "audio/mpeg": ".mp3", "audio/ogg": ".ogg",
	"audio/wav": ".wav", "audio/x-wav": ".wav", "audio/mp4": ".m4a", "audio/amr": ".amr", "video/mp4": ".mp4", "video/quicktime": ".mov",
	"video/3gpp": ".3gp", "application/pdf": ".pdf", "application/zip": ".zip", "application/json": ".json", "application/xml": ".xml", "text/xml": ".xml",
	"application/msword": ".doc", "application/rtf": ".rtf", "text/rtf": ".rtf", "application/vnd.ms-excel": ".xls", "message/rfc822": ".eml",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       ".xlsx",
	"application/pgp-signature": ".asc", "application/pkcs7-signature": ".p7s", "application/x-pkcs7-signature": ".p7s",
	"application/pkcs7-mime": ".p7m", "application/x-pkcs7-mime": ".p7m", "application/pgp-encrypted": ".asc"}

// nameOf is a name for a file that has none: what it is, as its type tells.
func nameOf(typ string) string {
	ext := extensions[typ]
	main, _, _ := strings.Cut(typ, "/")
	switch {
	case typ == "text/calendar" || typ == "application/ics":
		return "invitation.ics"
	case typ == "message/rfc822":
		return "message.eml"
	case strings.HasPrefix(typ, "application/p") && strings.HasSuffix(typ, "signature"):
		return "signature" + ext
	case main == "image" || main == "audio" || main == "video":
		return main + ext
	}
	return "file" + ext
}

// contentID is a Content-ID as it stands in an address of the cleaned HTML.
func contentID(s string) string {
	s = strings.Trim(strings.TrimSpace(s), "<>")
	if u, err := url.PathUnescape(s); err == nil {
		s = u
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("@._$+-", r):
			return r
		case r <= ' ':
			return -1
		}
		return '_'
	}, cut(clean(s), 200))
}

// shownBy finds the file that an image's address in the mail's HTML names: by Content-ID, Content-Location or name.
func shownBy(files []*attachment, src string) *attachment {
	src = strings.TrimSpace(src)
	if len(src) > 4 && strings.EqualFold(src[:4], "cid:") {
		id := contentID(src[4:])
		for _, f := range files {
			if id != "" && f.cid == id {
				return f
			}
		}
		name, _, _ := strings.Cut(id, "@")
		for _, f := range files { // mailers that lose the Content-ID on the way
			if f.cid == "" && f.name != "" && contentID(f.name) == name {
				f.cid = id
				return f
			}
		}
		return nil
	}
	for _, f := range files {
		if src != "" && (f.location == src || f.location != "" && path.Base(f.location) == src) {
			if f.cid == "" {
				f.cid = contentID(path.Base(f.location))
			}
			return f
		}
	}
	return nil
}

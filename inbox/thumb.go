package inbox

import (
	"bufio"
	"context"
	"errors"
	"image"
	"image/color"
	_ "image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"

	_ "golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
)

const (
	thumbSide   = 480       // pixels
	maxPixels   = 50 << 20  // of an image that is decoded
	thumbMemory = 192 << 20 // bytes that all thumbnails being made may take at once
	maxHeader   = 4 << 20   // bytes in which an image says how large it is
)

// ErrNoThumb says that there is no smaller picture of a file: it is no image, a broken one, or one too large to be opened.
var ErrNoThumb = errors.New("no thumbnail can be made of this file")

// Thumb gives a picture of an image of at most 480×480 pixels, upright, as image/jpeg or image/png. It is made at the first call
// and kept beside the blob. ErrNoThumb; os.ErrNotExist: there is no such blob.
func (h *Hub) Thumb(ctx context.Context, blob string) (*os.File, string, error) {
	return h.blobs.thumb(ctx, blob)
}

// thumbs bounds the making of thumbnails: each once, all in a certain memory.
type thumbs struct {
	one    singleflight.Group
	memory *semaphore.Weighted
}

func (b *Blobs) thumb(ctx context.Context, blob string) (*os.File, string, error) {
	if !named(blob) {
		return nil, "", os.ErrNotExist
	}
	if f, media, err := b.openThumb(blob); err == nil || errors.Is(err, ErrNoThumb) {
		return f, media, err
	}
	done := b.thumbs.one.DoChan(blob, func() (any, error) {
		// Whoever else waits for it must not lose it because the first one went away.
		ctx := context.WithoutCancel(ctx)
		return nil, b.makeThumb(ctx, blob)
	})
	select {
	case <-ctx.Done():
		return nil, "", ctx.Err()
	case r := <-done:
		if r.Err != nil {
			return nil, "", r.Err
		}
	}
	return b.openThumb(blob)
}

// A thumbnail's file is the blob's name with one of these; that of what has none is empty.
var thumbNames = [...][2]string{{".thumb.jpg", "image/jpeg"}, {".thumb.png", "image/png"}, {".thumb.none", ""}}

func (b *Blobs) openThumb(blob string) (*os.File, string, error) {
	for _, n := range thumbNames {
		f, err := os.Open(b.path(blob) + n[0])
		switch {
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return nil, "", err
		case err != nil:
			continue
		case n[1] == "":
			f.Close()
			return nil, "", ErrNoThumb
		}
		return f, n[1], nil
	}
	return nil, "", os.ErrNotExist
}

// makeThumb writes the thumbnail's file. It is not made durable: it can be made again.
func (b *Blobs) makeThumb(ctx context.Context, blob string) error {
	f, err := b.Open(blob)
	if err != nil {
		return err
	}
	defer f.Close()
	img, err := b.thumbs.decode(ctx, f)
	if err != nil && !errors.Is(err, ErrNoThumb) {
		return err
	}
	tmp, err := os.CreateTemp(b.dir, newBlob)
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	name := thumbNames[2][0]
	if img != nil {
		w := bufio.NewWriter(tmp)
		if img.Opaque() {
			name, err = thumbNames[0][0], jpeg.Encode(w, img, &jpeg.Options{Quality: 80})
		} else {
			name, err = thumbNames[1][0], png.Encode(w, img)
		}
		err = errors.Join(err, w.Flush())
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), b.path(blob)+name)
}

// measure gives an image's size as it is shown; 0, 0 when it cannot be read.
func (b *Blobs) measure(blob string) (width, height int) {
	f, err := b.Open(blob)
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	cfg, _, err := image.DecodeConfig(bufio.NewReader(io.LimitReader(f, maxHeader)))
	if err != nil || cfg.Width <= 0 || cfg.Height <= 0 || cfg.Width > 1<<20 || cfg.Height > 1<<20 {
		return 0, 0
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, 0
	}
	if jpegHeader(bufio.NewReader(io.LimitReader(f, maxHeader))).orientation >= 5 { // lies on its side
		return cfg.Height, cfg.Width
	}
	return cfg.Width, cfg.Height
}

// decode opens an image whose size in memory is known before, waits for that memory, and gives it small and upright.
func (t *thumbs) decode(ctx context.Context, f io.ReadSeeker) (*image.RGBA, error) {
	header := func() (*bufio.Reader, error) {
		_, err := f.Seek(0, io.SeekStart)
		return bufio.NewReader(io.LimitReader(f, maxHeader)), err
	}
	r, err := header()
	if err != nil {
		return nil, err
	}
	cfg, format, err := image.DecodeConfig(r)
	if err != nil {
		return nil, ErrNoThumb
	}
	if r, err = header(); err != nil {
		return nil, err
	}
	orientation, perPixel := 1, pixelBytes(cfg.ColorModel)
	switch format {
	case "jpeg":
		h := jpegHeader(r)
		orientation = h.orientation
		if h.progressive { // all coefficients are held until its end
			perPixel += 4 * 3
		}
	case "webp": // with its planes of transparency
		perPixel = 8
	case "png": // grey becomes coloured where one grey is transparent
		switch cfg.ColorModel {
		case color.GrayModel:
			perPixel = 4
		case color.Gray16Model:
			perPixel = 8
		}
	}
	if cfg.Width <= 0 || cfg.Height <= 0 || cfg.Width > maxPixels || cfg.Height > maxPixels || int64(cfg.Width)*int64(cfg.Height) > maxPixels {
		return nil, ErrNoThumb
	}
	need := int64(cfg.Width) * int64(cfg.Height) * int64(perPixel)
	if need > thumbMemory {
		return nil, ErrNoThumb
	}
	if err := t.memory.Acquire(ctx, need); err != nil {
		return nil, err
	}
	defer t.memory.Release(need)
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	img, _, err := image.Decode(bufio.NewReader(f))
	if err != nil {
		return nil, ErrNoThumb
	}
	return upright(shrink(img), orientation), nil
}

// pixelBytes is what a decoded pixel takes.
func pixelBytes(m color.Model) int {
	switch m {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	case color.YCbCrModel:
		return 3
	}
	if _, ok := m.(color.Palette); ok {
		return 1
	}
	return 4
}

// shrink fits an image into the thumbnail's square; a small one keeps its size.
func shrink(img image.Image) *image.RGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if w > thumbSide || h > thumbSide {
		if w >= h {
			w, h = thumbSide, max(1, h*thumbSide/w)
		} else {
			w, h = max(1, w*thumbSide/h), thumbSide
		}
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(out, out.Bounds(), img, b, draw.Src, nil)
	return out
}

// upright turns an image by its EXIF orientation (1 to 8).
func upright(in *image.RGBA, orientation int) *image.RGBA {
	w, h := in.Rect.Dx(), in.Rect.Dy()
	var from func(x, y int) (int, int) // where the pixel at x, y of the result stands
	switch orientation {
	case 2:
		from = func(x, y int) (int, int) { return w - 1 - x, y }
	case 3:
		from = func(x, y int) (int, int) { return w - 1 - x, h - 1 - y }
	case 4:
		from = func(x, y int) (int, int) { return x, h - 1 - y }
	case 5:
		from = func(x, y int) (int, int) { return y, x }
	case 6:
		from = func(x, y int) (int, int) { return y, h - 1 - x }
	case 7:
		from = func(x, y int) (int, int) { return w - 1 - y, h - 1 - x }
	case 8:
		from = func(x, y int) (int, int) { return w - 1 - y, x }
	default:
		return in
	}
	ow, oh := w, h
	if orientation >= 5 {
		ow, oh = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, ow, oh))
	for y := range oh {
		for x := range ow {
			sx, sy := from(x, y)
			out.SetRGBA(x, y, in.RGBAAt(sx, sy))
		}
	}
	return out
}

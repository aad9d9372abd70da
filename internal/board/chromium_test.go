package board

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"permithub/internal/docket"
	"permithub/internal/ops"
)

// chromium runs Debian's browser without a window and returns what it prints: the page after scripts ran, for --dump-dom. It reaches nothing
// but this machine.
func chromium(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: make deps installs it", err)
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--user-data-dir=" + t.TempDir(),
		"--enable-logging=stderr", "--accept-lang=zh-CN"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, &errs)
	}
	for line := range strings.Lines(errs.String()) {
		if strings.Contains(line, "CONSOLE") || strings.Contains(line, "Refused to") {
			t.Errorf("the browser complains: %s", line)
		}
	}
	return out.String(), errs.String()
}

// The page refreshes itself without a script in it, under its own policy.
func TestChromiumRefreshes(t *testing.T) {
	var shown atomic.Int64
	h := Handler(Config{Standing: func() docket.Standing {
		s := busy()
		s.Total.Open = int(shown.Add(1)) + 9000
		return s
	}, Towns: towns, Systems: func() []ops.Health { return nil }})
	server := httptest.NewServer(h)
	defer server.Close()
	dom, _ := chromium(t, "--virtual-time-budget=16000", "--dump-dom", server.URL+"/board")
	if n := shown.Load(); n < 3 || !strings.Contains(dom, fmt.Sprintf("<strong>%d</strong>", 9000+n)) {
		t.Errorf("asked %d times within 16 s; the page shows\n%.1500s", n, dom)
	}
}

// Nothing is wider than the window, however narrow: only the tables that say so scroll.
func TestChromiumFits(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/board", func(w http.ResponseWriter, r *http.Request) {
		sample().ServeHTTP(w, r)
	})
	mux.Handle("/board/", sample())
	mux.HandleFunc("/measure", func(w http.ResponseWriter, _ *http.Request) {
		var b strings.Builder
		b.WriteString("<!doctype html><body>")
		for _, lang := range []string{"zh", "en"} {
			for _, width := range []int{320, 390, 768, 1366} {
				fmt.Fprintf(&b, `<iframe src="/board?lang=%s" width="%d" height="900" frameborder="0"></iframe>`, lang, width)
			}
		}
		b.WriteString(`<script>onload=()=>{for(const f of document.querySelectorAll("iframe")){const d=f.contentDocument;
const wide=[...d.querySelectorAll("main *")].filter(e=>!e.closest(".scroll")&&e.getBoundingClientRect().right>d.documentElement.clientWidth+1).map(e=>e.tagName+"."+e.className);
document.body.append("["+f.src.slice(-2)+" "+f.width+": "+d.documentElement.scrollWidth+" "+wide.join(" ")+"]")}}</script>`)
		_, _ = w.Write([]byte(b.String()))
	})
	server := httptest.NewServer(headless{mux})
	defer server.Close()
	dom, _ := chromium(t, "--virtual-time-budget=3000", "--dump-dom", server.URL+"/measure")
	for _, lang := range []string{"zh", "en"} {
		for _, width := range []int{320, 390, 768, 1366} {
			if want := fmt.Sprintf("[%s %d: %d ]", lang, width, width); !strings.Contains(dom, want) {
				_, rest, _ := strings.Cut(dom, "</script>")
				t.Fatalf("want %s in\n%s", want, rest)
			}
		}
	}
}

// headless takes the policy off, so that a test may frame the page and look into it.
type headless struct{ http.Handler }

func (h headless) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	h.Handler.ServeHTTP(rec, r)
	for k, v := range rec.Header() {
		if k != "Content-Security-Policy" {
			w.Header()[k] = v
		}
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// TestChromiumScreenshots takes the page narrow and wide, light and dark. BOARD_SCREENSHOTS names a folder that keeps the pictures for people.
func TestChromiumScreenshots(t *testing.T) {
	server := httptest.NewServer(sample())
	defer server.Close()
	dir := t.TempDir()
	if keep := os.Getenv("BOARD_SCREENSHOTS"); keep != "" {
		dir = keep
	}
	for _, row := range []struct {
		name          string
		width, height int
		scheme        string // Blink's numbers: 0 is dark, 1 light
		dark          bool
	}{
		{"wide-light", 1366, 1700, "1", false}, {"narrow-dark", 390, 3000, "0", true}, {"narrow-light", 390, 3000, "1", false}, {"wide-dark", 1366, 1700, "0", true},
	} {
		if testing.Short() && row.name != "wide-light" && row.name != "narrow-dark" {
			continue // each start of a browser takes a second, or a minute on a busy machine
		}
		file := filepath.Join(dir, row.name+".png")
		chromium(t, fmt.Sprintf("--window-size=%d,%d", row.width, row.height), "--blink-settings=preferredColorScheme="+row.scheme, "--screenshot="+file, server.URL+"/board?lang=zh")
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if b := img.Bounds(); b.Dx() != row.width {
			t.Errorf("%s: %v", row.name, b)
		}
		if light := brightness(img); light < 128 != row.dark {
			t.Errorf("%s: brightness %d", row.name, light)
		}
	}
}

// brightness is the mean of the picture's green, 0 to 255.
func brightness(img image.Image) int {
	sum, n := 0, 0
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 5 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 5 {
			_, g, _, _ := img.At(x, y).RGBA()
			sum, n = sum+int(g>>8), n+1
		}
	}
	return sum / n
}

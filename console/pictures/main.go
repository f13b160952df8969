// Command pictures signs in to a console and takes a picture of each page: of all in light, dark and narrow, or with -docs of the
// few that docs/console.md shows. "make pictures" runs it over the demo.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

func main() {
	address := flag.String("address", "http://127.0.0.1:8420", "the console's")
	name := flag.String("name", "demo", "of a user")
	password := flag.String("password", "look around", "of that user")
	folder := flag.String("to", "pictures", "folder for the pictures")
	language := flag.String("language", "en", "of the browser")
	docs := flag.Bool("docs", false, "only those of the documentation")
	flag.Parse()
	if err := run(*address, *name, *password, *folder, *language, *docs, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

// shot is one way of looking.
type shot struct {
	name   string
	dark   bool
	width  int64
	height int64
}

var shots = []shot{{"light", false, 1280, 800}, {"dark", true, 1280, 800}, {"narrow", false, 375, 720}}

func run(address, name, password, folder, language string, docs bool, paths []string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.Flag("disable-background-networking", true), chromedp.Flag("lang", language), chromedp.Flag("accept-lang", language))
	all, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	ctx, cancel := chromedp.NewContext(all)
	defer cancel()
	ctx, late := context.WithTimeout(ctx, 4*time.Minute)
	defer late()
	err := chromedp.Run(ctx, chromedp.Navigate(address+"/sign-in"), chromedp.WaitVisible("input[name=password]"),
		chromedp.SendKeys("input[name=name]", name), chromedp.SendKeys("input[name=password]", password), chromedp.Click("form.stack button"), chromedp.WaitVisible("nav"))
	if err != nil {
		return err
	}
	pages := map[string]string{"today": "/", "files": "/files", "drop": "/drop", "accounts": "/accounts", "partners": "/partners", "routes": "/routes", "audit": "/audit", "people": "/people"}
	if len(paths) > 0 {
		pages = map[string]string{}
	}
	for i, p := range paths {
		pages[fmt.Sprintf("page%d", i)] = p
	}
	var file string
	_ = chromedp.Run(ctx, chromedp.Navigate(address+"/files?outcome=invalid&q=november"), chromedp.AttributeValue("table.files a", "href", &file, nil, chromedp.AtLeast(0)))
	if file != "" && len(paths) == 0 {
		pages["file"], pages["mend"], pages["row"], pages["ask"] = file, file+"/mend", file+"/rows/3", file+"/ask/cancel"
	}
	if len(paths) == 0 {
		if pages["new"], err = trial(ctx, address); err != nil {
			return err
		}
	}
	for name, path := range pages {
		for _, s := range shots {
			if docs && (s.name != "light" || !slices.Contains([]string{"today", "file", "mend", "new"}, name)) {
				continue
			}
			if err := chromedp.Run(ctx, emulation.SetDeviceMetricsOverride(s.width, s.height, 1, false), chromedp.Navigate(address+path), chromedp.Sleep(400*time.Millisecond), picture(folder, name, s, docs)); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	return nil
}

// sample is a file for which a first route is made.
const sample = "Client ref.,External ID,Type,Remarks\nWH-0412,EXT-1,提货点,gate 3\nWH-0413,EXT-2,送货点,\nWH-0414,EXT-3,Mars,call before\n"

// trial begins a first route, and returns its page.
func trial(ctx context.Context, address string) (path string, err error) {
	dir, err := os.MkdirTemp("", "rowferry-sample-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "points.csv")
	if err := os.WriteFile(file, []byte(sample), 0o600); err != nil {
		return "", err
	}
	err = chromedp.Run(ctx, chromedp.Navigate(address+"/new"), chromedp.SendKeys("input[name=route]", "points"), chromedp.SetValue("select[name=operation]", "otms/shipPointRemove"),
		chromedp.SetUploadFiles("input[type=file]", []string{file}), chromedp.Click("form.stack button"), chromedp.WaitVisible("#trial"), chromedp.Evaluate("location.pathname", &path))
	return path, err
}

// picture looks at the page as it is.
func picture(folder, name string, s shot, docs bool) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		scheme := "light"
		if s.dark {
			scheme = "dark"
		}
		err := emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}).Do(ctx)
		if err != nil {
			return err
		}
		b, err := page.CaptureScreenshot().WithFormat(page.CaptureScreenshotFormatPng).Do(ctx)
		if err != nil {
			return err
		}
		file := name + "-" + s.name + ".png"
		if docs {
			file = name + ".png"
		}
		return os.WriteFile(filepath.Join(folder, file), b, 0o644)
	})
}

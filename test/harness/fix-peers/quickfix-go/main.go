// The quickfix-go peer of the integration tests: reads commands from standard input, answers each with one line of JSON
// that carries its id, and ends when standard input does. The commands are a part of those of the QuickFIX/J peer.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
)

// command is `<id> <verb> <key>=<value> ...`, the values percent-encoded.
type command struct {
	id, verb  string
	arguments map[string]string
}

func parseCommand(line string) (command, error) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return command{}, fmt.Errorf("cannot read command: %q", line)
	}
	c := command{words[0], words[1], map[string]string{}}
	for _, word := range words[2:] {
		key, value, _ := strings.Cut(word, "=")
		decoded, err := url.QueryUnescape(value)
		if err != nil {
			return c, err
		}
		c.arguments[key] = decoded
	}
	return c, nil
}

func (c command) text(key string) string { return c.arguments[key] }
func (c command) flag(key string) bool   { return c.arguments[key] == "Y" }
func (c command) number(key string) int {
	number, err := strconv.Atoi(c.arguments[key])
	if err != nil {
		panic(fmt.Sprintf("%s needs the number %s", c.verb, key))
	}
	return number
}

var (
	outMutex sync.Mutex
	lps      = map[string]*lp{}
	lpsMutex sync.Mutex
)

func main() {
	say(map[string]any{"event": "ready"})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		c, err := parseCommand(lines.Text())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			continue
		}
		go answer(c)
	}
}

func answer(c command) {
	line := map[string]any{}
	defer func() {
		if trouble := recover(); trouble != nil {
			line = map[string]any{"error": fmt.Sprint(trouble)}
		}
		line["id"] = c.id
		say(line)
	}()
	if c.verb == "lp" {
		l, err := newLp(c)
		if err != nil {
			panic(err)
		}
		lpsMutex.Lock()
		defer lpsMutex.Unlock()
		lps[c.text("name")] = l
		return
	}
	lpsMutex.Lock()
	l := lps[c.text("name")]
	lpsMutex.Unlock()
	if l == nil {
		panic("no LP is named " + c.text("name"))
	}
	switch c.verb {
	case "dump":
		line = l.dump()
	case "status":
		line = l.status()
	default:
		steer(l, c)
	}
}

func steer(l *lp, c command) {
	switch c.verb {
	case "start":
		if err := l.start(); err != nil {
			panic(err)
		}
	case "stop", "end":
		l.rate.Store(0)
		l.stop()
	case "rate":
		l.rate.Store(int64(c.number("perSecond")))
	case "burst":
		l.burst(c.number("count"))
	case "skip":
		// The hole comes behind the next message.
		l.skips.Store(int64(c.number("count")))
	case "onLogon":
		l.mutex.Lock()
		defer l.mutex.Unlock()
		l.manner, l.text = c.text("manner"), c.text("text")
	default:
		panic("unknown command " + c.verb)
	}
}

func say(line map[string]any) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	outMutex.Lock()
	defer outMutex.Unlock()
	fmt.Println(string(text))
}

package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/quickfixgo/quickfix"
)

// stderrLog shows what the engine does when FIX_PEER_LOG=1: the engine's own log writes to standard output, which is ours.
type stderrLog struct{ session string }

type stderrLogFactory struct{}

func logFactory() quickfix.LogFactory {
	if os.Getenv("FIX_PEER_LOG") == "1" {
		return stderrLogFactory{}
	}
	return quickfix.NewNullLogFactory()
}

func (stderrLogFactory) Create() (quickfix.Log, error) { return stderrLog{"all"}, nil }

func (stderrLogFactory) CreateSessionLog(session quickfix.SessionID) (quickfix.Log, error) {
	return stderrLog{session.String()}, nil
}

func (l stderrLog) OnIncoming(message []byte) { l.write("<", string(message)) }
func (l stderrLog) OnOutgoing(message []byte) { l.write(">", string(message)) }
func (l stderrLog) OnEvent(text string)       { l.write("-", text) }
func (l stderrLog) OnEventf(format string, values ...interface{}) {
	l.write("-", fmt.Sprintf(format, values...))
}

func (l stderrLog) write(sign, text string) {
	text = strings.ReplaceAll(text, "\001", "|")
	fmt.Fprintln(os.Stderr, time.Now().UnixMicro(), l.session, sign, text)
}

package main

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quickfixgo/quickfix"
)

const entriesPerMessageMax = 4

// Increments sent before the engine is given time to write them: its own queue has no bound.
const burstPause = 500

// lp is a liquidity provider: a quickfix-go acceptor with one session, and a market that outlives its restarts. Every
// change of the market and the message that tells of it happen under one lock, so a dump agrees with what was sent.
type lp struct {
	mutex         sync.Mutex
	name          string
	session       quickfix.SessionID
	settings      *quickfix.Settings
	stores        *skippingStoreFactory
	market        *market
	acceptor      *quickfix.Acceptor
	subscriptions map[string]string
	received      map[string]int
	isLoggedOn    bool
	sent          int
	rate          atomic.Int64
	skips         atomic.Int64
	manner, text  string
}

func newLp(c command) (*lp, error) {
	settings, err := quickfix.ParseSettings(strings.NewReader(settingsText(c)))
	if err != nil {
		return nil, err
	}
	symbols := strings.Split(c.text("symbols"), ",")
	l := &lp{
		name:          c.text("name"),
		session:       quickfix.SessionID{BeginString: "FIX.4.4", SenderCompID: c.text("name"), TargetCompID: c.text("target")},
		settings:      settings,
		market:        newMarket(symbols, c.number("depth"), c.flag("ids"), int64(c.number("seed"))),
		subscriptions: map[string]string{},
		received:      map[string]int{},
	}
	l.stores = &skippingStoreFactory{skips: &l.skips}
	go l.generate()
	return l, l.start()
}

func settingsText(c command) string {
	lines := []string{
		"[DEFAULT]", "SocketAcceptPort=" + c.text("port"), "SocketAcceptHost=127.0.0.1", "[SESSION]", "BeginString=FIX.4.4",
		"SenderCompID=" + c.text("name"), "TargetCompID=" + c.text("target"),
	}
	for key, value := range c.arguments {
		if setting := strings.TrimPrefix(key, "set."); setting != key {
			lines = append(lines, setting+"="+value)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

func (l *lp) start() error {
	acceptor, err := quickfix.NewAcceptor(l, l.stores, l.settings, logFactory())
	if err != nil {
		return err
	}
	if err := acceptor.Start(); err != nil {
		return err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.acceptor = acceptor
	return nil
}

// stop ends the session with a Logout and listens no more.
func (l *lp) stop() {
	l.mutex.Lock()
	acceptor := l.acceptor
	l.acceptor = nil
	l.mutex.Unlock()
	if acceptor != nil {
		acceptor.Stop()
	}
}

func (l *lp) burst(count int) {
	for i := 0; i < count; i++ {
		if i%burstPause == burstPause-1 {
			time.Sleep(time.Millisecond)
		}
		l.increment()
	}
}

func (l *lp) generate() {
	for {
		rate := l.rate.Load()
		switch {
		case rate < 0:
			l.burst(burstPause)
		case rate > 0:
			l.increment()
			time.Sleep(time.Second / time.Duration(rate))
		default:
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// increment changes the market by one to four entries and sends the increment to whoever asked.
func (l *lp) increment() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	first := l.market.anySymbol()
	request, isAsked := l.subscriptions[first]
	changes := []change{l.market.step(first)}
	for count := 1 + l.market.random.Intn(entriesPerMessageMax); len(changes) < count; {
		symbol := l.market.anySymbol()
		if l.subscriptions[symbol] != request {
			symbol = first
		}
		changes = append(changes, l.market.step(symbol))
	}
	if isAsked && l.send(incrementMessage(request, changes)) == nil {
		l.sent++
	}
}

// send is called under the lock.
func (l *lp) send(message *quickfix.Message) error { return quickfix.SendToTarget(message, l.session) }

func (l *lp) dump() map[string]any {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return map[string]any{"next": l.nextSender(), "books": l.market.dump()}
}

func (l *lp) status() map[string]any {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	subscriptions, received := map[string]string{}, map[string]int{}
	for symbol, request := range l.subscriptions {
		subscriptions[symbol] = request
	}
	for msgType, count := range l.received {
		received[msgType] = count
	}
	return map[string]any{
		"isLoggedOn": l.isLoggedOn, "nextSender": l.nextSender(), "nextTarget": l.stores.kept.NextTargetMsgSeqNum(),
		"subscriptions": subscriptions, "incrementsSent": l.sent, "received": received,
	}
}

// nextSender is for people: the session may be about to change it.
func (l *lp) nextSender() int { return l.stores.kept.NextSenderMsgSeqNum() }

func (l *lp) OnCreate(quickfix.SessionID)                       {}
func (l *lp) ToAdmin(*quickfix.Message, quickfix.SessionID)     {}
func (l *lp) ToApp(*quickfix.Message, quickfix.SessionID) error { return nil }

func (l *lp) OnLogon(quickfix.SessionID) {
	l.mutex.Lock()
	l.isLoggedOn = true
	l.mutex.Unlock()
	say(map[string]any{"event": "logon", "name": l.name})
}

func (l *lp) OnLogout(quickfix.SessionID) {
	l.mutex.Lock()
	l.isLoggedOn = false
	l.subscriptions = map[string]string{}
	l.mutex.Unlock()
	say(map[string]any{"event": "logout", "name": l.name})
}

func (l *lp) FromAdmin(message *quickfix.Message, _ quickfix.SessionID) quickfix.MessageRejectError {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.note(message) == "A" && l.manner == "refuse" {
		return quickfix.RejectLogon{Text: l.text}
	}
	return nil
}

func (l *lp) FromApp(message *quickfix.Message, _ quickfix.SessionID) quickfix.MessageRejectError {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.note(message) != "V" {
		return quickfix.UnsupportedMessageType()
	}
	return l.onMarketDataRequest(message)
}

func (l *lp) note(message *quickfix.Message) string {
	msgType, err := message.MsgType()
	if err != nil {
		return fmt.Sprint(err)
	}
	l.received[msgType]++
	return msgType
}

func (l *lp) onMarketDataRequest(message *quickfix.Message) quickfix.MessageRejectError {
	request, err := message.Body.GetString(262)
	if err != nil {
		return err
	}
	kind, err := message.Body.GetString(263)
	if err != nil {
		return err
	}
	symbols := quickfix.NewRepeatingGroup(146, quickfix.GroupTemplate{quickfix.GroupElement(55)})
	if err := message.Body.GetGroup(symbols); err != nil {
		return err
	}
	for i := 0; i < symbols.Len(); i++ {
		symbol, err := symbols.Get(i).GetString(55)
		if err != nil {
			return err
		}
		if kind == "2" {
			if l.subscriptions[symbol] == request {
				delete(l.subscriptions, symbol)
			}
			continue
		}
		if _, isKnown := l.market.books[symbol]; !isKnown {
			_ = l.send(unknownSymbolMessage(request, symbol))
			continue
		}
		l.subscriptions[symbol] = request
		_ = l.send(snapshotMessage(request, symbol, l.market.books[symbol]))
	}
	return nil
}

package main

import (
	"sync/atomic"

	"github.com/quickfixgo/quickfix"
)

// skippingStore is the engine's own memory store, whose next number a command can move on: the engine has no call for it.
type skippingStore struct {
	quickfix.MessageStore
	skips *atomic.Int64
}

// SaveMessageAndIncrNextSenderMsgSeqNum is called under the session's own lock, so the hole lies between two messages.
func (s *skippingStore) SaveMessageAndIncrNextSenderMsgSeqNum(number int, message []byte) error {
	if err := s.MessageStore.SaveMessageAndIncrNextSenderMsgSeqNum(number, message); err != nil {
		return err
	}
	return s.skip()
}

// IncrNextSenderMsgSeqNum is what a session calls that keeps no messages (PersistMessages=N).
func (s *skippingStore) IncrNextSenderMsgSeqNum() error {
	if err := s.MessageStore.IncrNextSenderMsgSeqNum(); err != nil {
		return err
	}
	return s.skip()
}

func (s *skippingStore) skip() error {
	skip := s.skips.Swap(0)
	if skip == 0 {
		return nil
	}
	return s.SetNextSenderMsgSeqNum(s.NextSenderMsgSeqNum() + int(skip))
}

type skippingStoreFactory struct {
	skips *atomic.Int64
	kept  quickfix.MessageStore
}

// Create gives the same store at every start, as files would.
func (f *skippingStoreFactory) Create(session quickfix.SessionID) (quickfix.MessageStore, error) {
	if f.kept == nil {
		store, err := quickfix.NewMemoryStoreFactory().Create(session)
		if err != nil {
			return nil, err
		}
		f.kept = &skippingStore{store, f.skips}
	}
	return f.kept, nil
}

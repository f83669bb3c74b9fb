package main

import (
	"encoding/binary"
	"errors"
	"net"
	"sync"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const produceKey = 0

var errCut = errors.New("cut by command")

// attempt is one produce request of one partition as it went over the wire.
type attempt struct {
	Port       int    `json:"port"`
	Partition  int32  `json:"partition"`
	ProducerId int64  `json:"producerId"`
	Epoch      int16  `json:"epoch"`
	Sequence   int32  `json:"sequence"`
	Records    int32  `json:"records"`
	Code       int16  `json:"code"` // what the broker decided
	Told       string `json:"told"` // what the client got: "answer", "bent", "closed" or "nothing"
	topic      string
}

// tap stands between kfake and its clients: it keeps a journal of produce requests and bends answers after the work is done.
type tap struct {
	mutex   sync.Mutex
	orders  []command
	journal []attempt
}

func (t *tap) bend(order command) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.orders = append(t.orders, order)
}

func (t *tap) journalOf(topic string) []attempt {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	found := []attempt{}
	for _, each := range t.journal {
		if each.topic == topic {
			found = append(found, each)
		}
	}
	return found
}

// take returns the order that applies to an answer of the topic and uses it up once.
func (t *tap) take(topic string) *command {
	for i := range t.orders {
		if t.orders[i].Topic == topic && t.orders[i].Count > 0 {
			t.orders[i].Count--
			return &t.orders[i]
		}
	}
	return nil
}

type tappedListener struct {
	net.Listener
	tap *tap
}

func (l tappedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tappedConn{Conn: conn, tap: l.tap, produces: map[int32]*kmsg.ProduceRequest{}}, nil
}

type tappedConn struct {
	net.Conn
	tap    *tap
	unread []byte // the request that is not whole yet
	mutex  sync.Mutex
	// By correlation id: produce requests that are not answered yet.
	produces map[int32]*kmsg.ProduceRequest
}

func (c *tappedConn) Read(into []byte) (int, error) {
	n, err := c.Conn.Read(into)
	c.unread = append(c.unread, into[:n]...)
	for len(c.unread) >= 4 && len(c.unread) >= 4+int(binary.BigEndian.Uint32(c.unread)) {
		end := 4 + int(binary.BigEndian.Uint32(c.unread))
		c.note(append([]byte(nil), c.unread[4:end]...))
		c.unread = c.unread[end:]
	}
	return n, err
}

func (c *tappedConn) note(frame []byte) {
	reader := kbin.Reader{Src: frame}
	key, version, correlation := reader.Int16(), reader.Int16(), reader.Int32()
	reader.NullableString()
	request := kmsg.NewPtrProduceRequest()
	request.SetVersion(version)
	if key != produceKey || request.IsFlexible() || request.ReadFrom(reader.Src) != nil {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.produces[correlation] = request
}

// Write gets one whole answer at a time from kfake.
func (c *tappedConn) Write(answer []byte) (int, error) {
	c.mutex.Lock()
	correlation := int32(binary.BigEndian.Uint32(answer[4:]))
	request := c.produces[correlation]
	delete(c.produces, correlation)
	c.mutex.Unlock()
	if request == nil {
		return c.Conn.Write(answer)
	}
	response := request.ResponseKind().(*kmsg.ProduceResponse)
	if err := response.ReadFrom(answer[8:]); err != nil {
		return 0, err
	}
	bent, told := c.bend(request, response)
	if bent != nil {
		copy(bent[4:8], answer[4:8])
	}
	switch told {
	case "closed":
		c.Conn.Close()
		return 0, errCut
	case "nothing":
		return len(answer), nil
	case "bent":
		_, err := c.Conn.Write(bent)
		return len(answer), err
	}
	return c.Conn.Write(answer)
}

func (c *tappedConn) bend(request *kmsg.ProduceRequest, response *kmsg.ProduceResponse) ([]byte, string) {
	c.tap.mutex.Lock()
	defer c.tap.mutex.Unlock()
	topic, partition := &request.Topics[0], &response.Topics[0].Partitions[0]
	entry := attempt{
		Port:      c.LocalAddr().(*net.TCPAddr).Port,
		Partition: partition.Partition,
		Code:      partition.ErrorCode,
		Told:      "answer",
		topic:     topic.Topic,
	}
	var batch kmsg.RecordBatch
	if batch.ReadFrom(topic.Partitions[0].Records) == nil {
		entry.ProducerId, entry.Epoch = batch.ProducerID, batch.ProducerEpoch
		entry.Sequence, entry.Records = batch.FirstSequence, batch.NumRecords
	}
	var bent []byte
	if order := c.tap.take(topic.Topic); order != nil {
		switch order.Do {
		case "close-after":
			entry.Told = "closed"
		case "silent-after":
			entry.Told = "nothing"
		case "fault-after":
			entry.Told = "bent"
			partition.ErrorCode = order.Code
			bent = response.AppendTo(make([]byte, 8))
			binary.BigEndian.PutUint32(bent, uint32(len(bent)-4))
		}
	}
	c.tap.journal = append(c.tap.journal, entry)
	return bent, entry.Told
}

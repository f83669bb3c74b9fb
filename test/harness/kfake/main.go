// Command kfake is a Kafka cluster in memory (franz-go's kfake) that fails on command. It prints the addresses of its
// brokers as one JSON line, answers each JSON line of its standard input with one of its own, and ends with its standard input.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const brokers = 3

// command is one line of the standard input; what each field means depends on Do.
type command struct {
	Do         string            `json:"do"`
	Topic      string            `json:"topic"`
	Partitions int32             `json:"partitions"`
	Configs    map[string]string `json:"configs"`
	Partition  int32             `json:"partition"`
	Node       int32             `json:"node"`
	Key        int16             `json:"key"`
	Code       int16             `json:"code"`
	Count      int               `json:"count"`
}

func main() {
	tap := &tap{}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(brokers),
		kfake.ListenFn(func(network, address string) (net.Listener, error) {
			listener, err := net.Listen(network, address)
			return tappedListener{listener, tap}, err
		}),
	)
	check(err)
	say(map[string]any{"brokers": cluster.ListenAddrs()})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var order command
		check(json.Unmarshal(lines.Bytes(), &order))
		answer, err := obey(cluster, tap, order)
		if err != nil {
			answer = map[string]any{"error": err.Error()}
		}
		say(answer)
	}
}

func obey(cluster *kfake.Cluster, tap *tap, order command) (map[string]any, error) {
	done := map[string]any{}
	switch order.Do {
	case "topic":
		return done, cluster.CreateTopic(order.Topic, order.Partitions, order.Configs)
	case "move":
		return done, cluster.MoveTopicPartition(order.Topic, order.Partition, order.Node)
	case "fault-before": // answered with the code, nothing is written
		cluster.Fault(kfake.Fault{
			Keys:  []kmsg.Key{kmsg.Key(order.Key)},
			Topic: order.Topic,
			// An error of our own: kfake compares pointers, and would write for its own REQUEST_TIMED_OUT.
			Err:   &kerr.Error{Code: order.Code, Message: "INJECTED"},
			Count: order.Count,
		})
		return done, nil
	case "fault-after", "close-after", "silent-after": // written, and then the answer is another, or none
		tap.bend(order)
		return done, nil
	case "journal":
		return map[string]any{"journal": tap.journalOf(order.Topic)}, nil
	}
	return nil, fmt.Errorf("unknown command %q", order.Do)
}

func say(answer map[string]any) {
	line, err := json.Marshal(answer)
	check(err)
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "kfake:", err)
		os.Exit(1)
	}
}

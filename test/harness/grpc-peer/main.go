// Command grpc-peer is a venue on grpc-go that speaks the broker dialect of config/protos/finam-quotes.proto. What it does is
// said by the symbols it is asked for (see stream.go). It prints its port on one line and ends with its standard input.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/protobuf/proto"
)

// rawCodec passes messages of ours as bytes and lets the reflection service have its own.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) {
	if raw, ok := v.(*[]byte); ok {
		return *raw, nil
	}
	return proto.Marshal(v.(proto.Message))
}

func (rawCodec) Unmarshal(data []byte, v any) error {
	if raw, ok := v.(*[]byte); ok {
		*raw = append([]byte(nil), data...)
		return nil
	}
	return proto.Unmarshal(data, v.(proto.Message))
}

func (rawCodec) Name() string { return "proto" }

var _ encoding.Codec = rawCodec{}

func main() {
	host := flag.String("host", "127.0.0.1", "an address of the loopback interface")
	port := flag.Int("port", 0, "0: any free one")
	certFile := flag.String("cert", "", "PEM; with it the server speaks TLS")
	keyFile := flag.String("key", "", "PEM")
	clientCaFile := flag.String("client-ca", "", "PEM; with it a client must show a certificate")
	token := flag.String("token", "", "what the authorization metadata must be")
	tokenFile := flag.String("token-file", "", "the same, read anew for every call")
	reflectionOf := flag.String("reflection", "off", "v1, v1alpha or off")
	pingEvery := flag.Duration("min-ping", 0, "clients that ping more often are sent away; 0: any may")
	flag.Parse()

	options := []grpc.ServerOption{
		grpc.ForceServerCodec(rawCodec{}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: max(*pingEvery, time.Millisecond)}),
	}
	if *certFile != "" {
		options = append(options, grpc.Creds(tlsCredentials(*certFile, *keyFile, *clientCaFile)))
	}
	server := grpc.NewServer(options...)
	server.RegisterService(&serviceDesc, &venue{token: *token, tokenFile: *tokenFile})
	switch *reflectionOf {
	case "v1":
		registerDescriptors()
		reflection.RegisterV1(server)
	case "v1alpha":
		registerDescriptors()
		registerV1Alpha(server)
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("%s:%d", *host, *port))
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	check(server.Serve(listener))
}

func tlsCredentials(certFile, keyFile, clientCaFile string) credentials.TransportCredentials {
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	check(err)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if clientCaFile != "" {
		pem, err := os.ReadFile(clientCaFile)
		check(err)
		config.ClientCAs = x509.NewCertPool()
		config.ClientCAs.AppendCertsFromPEM(pem)
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return credentials.NewTLS(config)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "grpc-peer:", err)
		os.Exit(1)
	}
}

// SPDX-License-Identifier: MIT

// A Go program whose profiles have what reports are made of: recursion, inlined calls, methods,
// closures, generics, labels, several threads, and time spent waiting. program DIR writes them there:
// NAME.pb.gz, and NAME.txt where runtime/pprof has an older text form of it.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sort"
	"strings"
	"sync"
	"time"
)

type number interface{ ~int | ~float64 }

func sum[T number](values []T) (total T) {
	for _, v := range values {
		total += square(v)
	}
	return total
}

func square[T number](v T) T { return v * v }

type tree struct {
	left, right *tree
	payload     []byte
}

// grow recurses: the same function many times in one stack.
func grow(depth int) *tree {
	if depth == 0 {
		return &tree{payload: make([]byte, 4000)}
	}
	return &tree{left: grow(depth - 1), right: grow(depth - 1), payload: make([]byte, 100*depth)}
}

func (t *tree) weight() int {
	if t == nil {
		return 0
	}
	return len(t.payload) + t.left.weight() + t.right.weight()
}

var sink interface{}

// work burns CPU in several ways, under labels of its own.
func work(ctx context.Context, worker int) {
	floats := make([]float64, 4096)
	for step := 0; step < 150; step++ {
		for i := range floats {
			floats[i] = float64((i*7919 + step) % 4093)
		}
		kind := []string{"tree", "sort", "text"}[step%3]
		pprof.Do(ctx, pprof.Labels("kind", kind, "worker", fmt.Sprint(worker)), func(context.Context) {
			switch kind {
			case "tree":
				sink = grow(6).weight()
			case "sort":
				sort.Slice(floats, func(i, j int) bool { return floats[i] < floats[j]-sum(floats[:i%32]) })
			case "text":
				sink = strings.Repeat(strings.ToUpper(fmt.Sprint(floats[:64])), 3)
			}
		})
	}
}

type account struct {
	sync.Mutex
	balance int
}

func (a *account) deposit(amount int) {
	a.Lock()
	defer a.Unlock()
	time.Sleep(time.Millisecond)
	a.balance += amount
}

// contend makes threads wait for one lock, and for each other's messages.
func contend() {
	var shared account
	messages := make(chan int)
	var all sync.WaitGroup
	for i := 0; i < 4; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			for n := 0; n < 8; n++ {
				shared.deposit(i)
				messages <- n
			}
		}(i)
	}
	for n := 0; n < 32; n++ {
		<-messages
	}
	all.Wait()
}

func try(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(dir, name, suffix string, debug int) {
	f, err := os.Create(filepath.Join(dir, name+suffix))
	try(err)
	try(pprof.Lookup(name).WriteTo(f, debug))
	try(f.Close())
}

func profileCPU(dir, name string) {
	f, err := os.Create(filepath.Join(dir, name+".pb.gz"))
	try(err)
	runtime.SetCPUProfileRate(1000) // StartCPUProfile then says that it cannot set its own.
	try(pprof.StartCPUProfile(f))
	var all sync.WaitGroup
	for i := 0; i < 2; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			work(context.Background(), i)
		}(i)
	}
	all.Wait()
	pprof.StopCPUProfile()
	try(f.Close())
}

func main() {
	runtime.MemProfileRate = 16 << 10
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	dir := os.Args[1]

	profileCPU(dir, "cpu")
	kept := []*tree{grow(5), grow(6)}
	runtime.GC()
	write(dir, "heap", ".pb.gz", 0)
	write(dir, "heap", ".txt", 1)
	contend()
	kept = append(kept, grow(6), grow(6))
	for _, name := range []string{"block", "mutex", "goroutine", "threadcreate"} {
		write(dir, name, ".pb.gz", 0)
		write(dir, name, ".txt", 1)
	}
	profileCPU(dir, "cpu2")
	runtime.GC()
	write(dir, "allocs", ".pb.gz", 0)
	runtime.KeepAlive(kept)
}

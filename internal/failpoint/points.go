// Package failpoint names the places at which a process may die, for the tests that kill it there.
//
// # Cost
//
// [Here] and [Sent] are empty unless the binary is built with -tags failpoint: the compiler leaves nothing of them.
//
// # Use
//
// With the tag, the environment variable FAILPOINT names what happens: POINT, POINT:N or POINT:N:stop, several with commas between. At the
// N-th pass of the point, the first where none is given, the process gets SIGKILL, or SIGSTOP with "stop": a later SIGCONT lets it go on, as
// a machine that was suspended does.
//
// # Why not a library
//
// pingcap/failpoint and etcd's gofail rewrite the source before they build it and offer errors, pauses and panics, which run deferred calls.
// What is wanted here is a dead process, from the source as it stands.
package failpoint

// Point is one place at which a process may die: the state that it leaves behind is what its comment says.
type Point string

// Points, in the order in which an application meets them.
const (
	// I1: an application is found faultless and is not produced. Nothing is durable; the caller has no 202 and sends it again.
	I1 Point = "I1"
	// I2: the input is acknowledged and the 202 is not sent. The repeat has the same input id: it changes nothing and gets the same answer.
	I2 Point = "I2"
	// I3: the 202 is sent. Where the card that answers repeats is lost, the dossier knows the repeat.
	I3 Point = "I3"
	// A1: an officer's act is taken and is not produced. The officer sees an error and repeats it under the same id.
	A1 Point = "A1"
	// P1: inputs are fetched. The resume position has not moved: they come again.
	P1 Point = "P1"
	// P2: transitions are decided and not produced. The inputs come again and are decided alike.
	P2 Point = "P2"
	// P3: transitions are in the log and the answer is not seen. The restore finds them and resumes behind them.
	P3 Point = "P3"
	// P4: the answer says that the transitions landed elsewhere than their stamps say. They are void for every reader.
	P4 Point = "P4"
	// P5: a writer that lost has read on and not decided again. The inputs come again and find what the winner wrote.
	P5 Point = "P5"
	// P6: a batch is answered and the group's position is not committed. The position that counts is in the log.
	P6 Point = "P6"
	// D1: an order is read and the foreign system is not called. It is called after the restart.
	D1 Point = "D1"
	// D2: a foreign system was called and the result is not produced. It is called again under the same effect id.
	D2 Point = "D2"
	// D3: the result is produced and the group's position is not committed. It is called again; the first result wins.
	D3 Point = "D3"
	// D4: a record was moved to a retry tier and the group's position is not committed. It waits there twice; the first result wins.
	D4 Point = "D4"
	// D5: leave to send a notice is recorded, the notice is sent, and the outcome is not. It is unknown until a receipt or a person settles it.
	D5 Point = "D5"
	// G1: the permit is issued and the result is not produced. It is asked for by its effect id, and the case goes on.
	G1 Point = "G1"
	// G2: an earlier permit is cancelled and the result is not produced. The conditional repeat finds its own work done.
	G2 Point = "G2"
	// Q1: a dead letter is written and the group's position is not committed. It is written again under the same id.
	Q1 Point = "Q1"
	// Q2: a dead letter's record is replayed and its disposition is not written. The letter stands; replaying it again changes nothing.
	Q2 Point = "Q2"
	// R1: the deadline index has taken a batch and the answer is not seen. The repeat is answered "already".
	R1 Point = "R1"
	// R2: the deadline index is found lost and not yet replayed. It is replayed from the mark.
	R2 Point = "R2"
	// S1: half of a snapshot is written. The part is passed over; an older snapshot or the log is read, which takes longer.
	S1 Point = "S1"
	// T1: a deadline is produced and its claim is not extended. It is produced again under the same input id.
	T1 Point = "T1"
	// T2: a deadline is waited for. It passes while the hub is down and is recorded afterwards, dated at the true instant.
	T2 Point = "T2"
)

// All lists the points.
var All = []Point{I1, I2, I3, A1, P1, P2, P3, P4, P5, P6, D1, D2, D3, D4, D5, G1, G2, Q1, Q2, R1, R2, S1, T1, T2}

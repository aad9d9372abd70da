package config

import "time"

// Profiles.
const (
	// Local is for trying and testing: demo secrets, one broker without replicas.
	Local = "local"
	// Production refuses demo secrets and topics that can lose records.
	Production = "production"
)

// Config is everything that the commands serve, simulate, topics, case and check read.
type Config struct {
	// Profile is "local" or "production"; empty means production, so that a forgotten line never lets the demo's secrets in.
	Profile string `yaml:"profile"`
	// RouteKey is the HMAC key that turns a citizen id into the dossier id, at least 32 bytes. Changing it cuts every person off
	// from their file.
	RouteKey Secret `yaml:"route_key"`
	// ShutdownTimeout bounds the whole teardown; zero means 30s.
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout"`

	Kafka     Kafka     `yaml:"kafka"`
	Redis     Redis     `yaml:"redis"`
	Intake    Intake    `yaml:"intake"`
	Desk      Desk      `yaml:"desk"`
	Metrics   Metrics   `yaml:"metrics"`
	Approval  Approval  `yaml:"approval"`
	Snapshots Snapshots `yaml:"snapshots"`
	Authority Authority `yaml:"authority"`
	Calendar  Calendar  `yaml:"calendar"`
	Systems   Systems   `yaml:"systems"`
	Simulate  Simulate  `yaml:"simulate"`
	Log       Log       `yaml:"log"`
}

// Kafka is the cluster and how its topics are made.
type Kafka struct {
	// Brokers are host:port each; empty means 127.0.0.1:9092.
	Brokers []string `yaml:"brokers"`
	// Prefix stands before every topic and group name; empty means "permithub".
	Prefix string `yaml:"prefix"`
	// ClientID is what the brokers log; empty means "permithub".
	ClientID string `yaml:"client_id"`
	// Partitions of case-input and case-log, fixed for the life of the topics; zero means 12.
	Partitions int `yaml:"partitions"`
	// Replication of every topic; zero means 1 under profile local and 3 under production.
	Replication int `yaml:"replication"`
	// SessionTimeout of group members; zero leaves it to the bus.
	SessionTimeout time.Duration `yaml:"session_timeout"`
	// ProduceTimeout is how long a record is offered to the cluster; zero leaves it to the bus.
	ProduceTimeout time.Duration `yaml:"produce_timeout"`
	TLS            TLS           `yaml:"tls"`
	SASL           SASL          `yaml:"sasl"`
}

// TLS of a connection that the hub opens.
type TLS struct {
	// Enabled turns TLS on; the fields below need it.
	Enabled bool `yaml:"enabled"`
	// CAFile holds the PEM certificates to trust; empty means the system's.
	CAFile string `yaml:"ca_file" path:"file"`
	// CertFile and KeyFile are the hub's own certificate, for servers that ask for one; empty means none.
	CertFile string `yaml:"cert_file" path:"file"`
	KeyFile  string `yaml:"key_file" path:"file"`
	// ServerName is checked against the certificate; empty means the host that is dialled.
	ServerName string `yaml:"server_name"`
}

// SASL is the login at the brokers.
type SASL struct {
	// Mechanism is "plain", "scram-sha-256" or "scram-sha-512"; empty means no login.
	Mechanism string `yaml:"mechanism"`
	Username  string `yaml:"username"`
	Password  Secret `yaml:"password"`
}

// Redis holds the derived deadlines and cards.
type Redis struct {
	// Addresses are host:port each; several are a cluster. Empty means 127.0.0.1:6379.
	Addresses []string `yaml:"addresses"`
	// Username is empty for servers without users.
	Username string `yaml:"username"`
	// Password is unset for servers that ask for none.
	Password Secret `yaml:"password"`
	// DB is the database number; a cluster has only 0.
	DB int `yaml:"db"`
	// Prefix stands before every key; empty means "permithub".
	Prefix string `yaml:"prefix"`
	// Timeout of one command; zero means 3s.
	Timeout time.Duration `yaml:"timeout"`
	TLS     TLS           `yaml:"tls"`
}

// Intake is the door for applications.
type Intake struct {
	// Listen is host:port; empty means 127.0.0.1:8080.
	Listen string `yaml:"listen"`
	// Sources are those who may send; empty means the demo's two under profile local and is a fault under production.
	Sources []Source `yaml:"sources"`
	// ReceiptKey signs the receipts that the intake hands back, at least 32 bytes.
	ReceiptKey Secret `yaml:"receipt_key"`
	// ReceiptKeyID names the key in the receipts, so that old ones can be checked after a change; empty means "1".
	ReceiptKeyID string `yaml:"receipt_key_id"`
	// MaterialSchemes are the accepted schemes of material URIs; empty means https and s3.
	MaterialSchemes []string `yaml:"material_schemes"`
	// MaxBody of a request in bytes; zero means 256 KiB.
	MaxBody int64 `yaml:"max_body"`
	// ClockSkew is how far a signed time may be off; zero means 90s.
	ClockSkew time.Duration `yaml:"clock_skew"`
}

// Source is one sender of applications and its key.
type Source struct {
	// Name stands in the records; it must never change, for ids derive from it.
	Name      string `yaml:"name"`
	AccessKey string `yaml:"access_key"`
	Secret    Secret `yaml:"secret"`
	// OtherSecret is valid too while a key is being changed; unset means none.
	OtherSecret Secret `yaml:"other_secret"`
	// Channel is "online" or "window"; empty means online.
	Channel string `yaml:"channel"`
	// Stages of this source's applications; an empty stage takes approval.stages.
	Stages Stages `yaml:"stages"`
}

// Stages says of each opinion whether people ("manual") or the rule pack ("auto") give it.
type Stages struct {
	Acceptance string `yaml:"acceptance"`
	Review     string `yaml:"review"`
	Approval   string `yaml:"approval"`
}

// Desk is where officers work.
type Desk struct {
	// Listen is host:port; empty means 127.0.0.1:8081.
	Listen string `yaml:"listen"`
	// Officers who may act; empty means the demo's under profile local and is a fault under production.
	Officers []Officer `yaml:"officers"`
	// UsersFile holds who may sign in at the console, as `permithub user` writes it; empty serves no console.
	UsersFile string `yaml:"users_file" path:"file"`
	// AuditFile is where the console records who looked at what; needed with users_file. Each process has one of its own.
	AuditFile string `yaml:"audit_file" path:"file"`
	// Idle ends a session that nobody uses; zero means 15m.
	Idle time.Duration `yaml:"idle"`
	// TLS is the desk's own; needed with proxy.
	TLS DeskTLS `yaml:"tls"`
	// OIDC and Proxy are further ways to sign in, beside passwords.
	OIDC  OIDC  `yaml:"oidc"`
	Proxy Proxy `yaml:"proxy"`
}

// Roles of officers: one for each opinion of the form, and those who settle held cases, duties and notices.
const (
	RoleAcceptance = "acceptance" // 受理人
	RoleReview     = "review"     // 审核人
	RoleApproval   = "approval"   // 审批人
	RoleSupervisor = "supervisor" // retries, waives and settles
	RoleOperator   = "operator"   // keeps the hub running; decides nothing
	RoleAuditor    = "auditor"    // reads who did what; decides nothing
)

// Officer is one person at the desk.
type Officer struct {
	// ID is the staff number that stands in the opinions: 1 to 32 letters, digits, dash and underscore.
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
	// Token is the bearer token of this officer, at least 16 characters.
	Token Secret `yaml:"token"`
	// Roles are "acceptance", "review", "approval", "supervisor"; at least one.
	Roles []string `yaml:"roles"`
	// Townships are the divisions (9 digits) whose cases this officer sees; empty means all of the county.
	Townships []string `yaml:"townships"`
}

// Metrics is the listener for operators: metrics, health and readiness, apart from the intake.
type Metrics struct {
	// Listen is host:port; empty means 127.0.0.1:9464.
	Listen string `yaml:"listen"`
	// Pprof serves /debug/pprof too.
	Pprof bool `yaml:"pprof"`
}

// Authority is who handles and issues, as the province's systems name it, and the matter in the province's list.
type Authority struct {
	// Code is 机构编码; needed by the platform and the case library.
	Code string `yaml:"code"`
	// Name is 机构名称; needed by the case library, as are TaskCode 事项编码 and TaskName 事项名称.
	Name     string `yaml:"name"`
	TaskCode string `yaml:"task_code"`
	TaskName string `yaml:"task_name"`
}

// Snapshots are files that spare the approval the reading of the whole log when it takes a partition over. They hold what the log holds, personal data
// too, and may be deleted at any time.
type Snapshots struct {
	// Dir is a folder that only the hub may read; it is made where there is none. Empty means "snapshots" beside the file.
	Dir string `yaml:"dir" path:"dir"`
	// Off keeps none: the log is read from its beginning at every start.
	Off bool `yaml:"off"`
	// Every is the least time between two of a partition; zero means 5m.
	Every time.Duration `yaml:"every"`
	// After is how many transitions there must have been since the last one; zero means 5000. A partition with many files waits for more.
	After int `yaml:"after"`
}

// Calendar of working days.
type Calendar struct {
	// Dir holds further years as JSON files YYYY.json in the holiday-cn layout; empty means those built in. A file that comes, goes or
	// changes is taken up within seconds, and at once on SIGHUP.
	Dir string `yaml:"dir" path:"dir"`
}

// Log says how much is logged and in which form.
type Log struct {
	// Level is "debug", "info", "warn" or "error"; empty means info.
	Level string `yaml:"level"`
	// Format is "text", "json" or "auto": text on a terminal, JSON elsewhere. Empty means auto.
	Format string `yaml:"format"`
}

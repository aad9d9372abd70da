// Package dataplatform pushes a case and its licence to the provincial big-data platform (省大数据平台): rows of the case library (办件库).
//
// # Delivery
//
// One push carries one row for each table of the mapping, under the effect id and with a record id per row. The platform recognises both:
// a repeat brings the results of the first time, and a push of which some rows were taken may be repeated whole.
//
// # Mapping
//
// Which tables and columns there are, and what the platform's result codes mean, is mapping.json: embedded, and replaceable by a file,
// since the province's exact columns are not published. A mapping is checked when it is loaded; it never invents a value: a required
// column without a value refuses the case with the column's name.
//
// # Errors
//
// A row that the platform refuses is permanent under dataplatform_CODE with the platform's own code, also where other rows were taken; a
// row that it cannot take now is unavailable (dataplatform). An answer that does not speak of every row is unavailable
// (dataplatform_garbled). Errors of key, clock and address are unavailable, see package gateway. No error carries what the platform
// wrote beside its codes, nor a value of a column.
//
// # Limits
//
// The rows carry personal data: https or a private line.
package dataplatform

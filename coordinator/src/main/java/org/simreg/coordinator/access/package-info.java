/**
 * Who may call what: bearer tokens with roles, the table of what each RPC needs, and the gate that
 * every call passes.
 */
package org.simreg.coordinator.access;

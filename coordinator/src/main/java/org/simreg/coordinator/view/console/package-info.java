/** What people read in a terminal: progress, tables, sentences. */
package org.simreg.coordinator.view.console;

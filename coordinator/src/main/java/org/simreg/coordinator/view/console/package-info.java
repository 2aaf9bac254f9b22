/**
 * Text for people in a terminal: progress, tables, sentences. Read {@link
 * org.simreg.coordinator.view.console.EventSentences} first.
 */
package org.simreg.coordinator.view.console;

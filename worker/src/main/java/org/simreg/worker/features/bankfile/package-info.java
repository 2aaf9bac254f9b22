/**
 * The file format of feature banks, and files of features that other tools computed. Read {@link
 * org.simreg.worker.features.bankfile.BankLayout} first (the format), then {@code BankFile} and
 * {@code BankWriter}.
 */
package org.simreg.worker.features.bankfile;

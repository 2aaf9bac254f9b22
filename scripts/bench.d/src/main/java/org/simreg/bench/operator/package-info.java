/** The benchmark of single operators of libtorch. Read {@link org.simreg.bench.operator.OperatorBench} first. */
package org.simreg.bench.operator;

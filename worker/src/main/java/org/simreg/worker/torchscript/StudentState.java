package org.simreg.worker.torchscript;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * Everything that a step changes, each a flat vector laid out by {@link Trained}.
 *
 * @param weights parameters of backbone and heads
 * @param momentum of SGD, as long as the weights
 * @param statistics running means and variances of BatchNorm
 * @param average weights of the momentum teacher, a prefix of the parameters; empty without one
 */
public record StudentState(
        float[] weights, float[] momentum, float[] statistics, float[] average) {}

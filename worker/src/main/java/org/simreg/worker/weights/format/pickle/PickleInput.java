package org.simreg.worker.weights.format.pickle;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.simreg.worker.weights.tensor.CorruptFile;

/** The bytes of a pickle, read in order, never past the end. */
final class PickleInput {
    private static final int MAX_LINE = 4096;

    private final ByteBuffer bytes;

    PickleInput(ByteBuffer bytes) {
        this.bytes = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    int position() {
        return bytes.position();
    }

    int unsigned1() throws CorruptFile {
        return need(1).get() & 0xFF;
    }

    int unsigned2() throws CorruptFile {
        return need(2).getShort() & 0xFFFF;
    }

    int signed4() throws CorruptFile {
        return need(4).getInt();
    }

    long unsigned4() throws CorruptFile {
        return need(4).getInt() & 0xFFFFFFFFL;
    }

    long signed8() throws CorruptFile {
        return need(8).getLong();
    }

    void go(int place) {
        bytes.position(place);
    }

    void skip(long length) throws CorruptFile {
        need(length);
        bytes.position(bytes.position() + (int) length);
    }

    double bigEndianDouble() throws CorruptFile {
        return Double.longBitsToDouble(Long.reverseBytes(need(8).getLong()));
    }

    byte[] bytes(long length) throws CorruptFile {
        need(length);
        byte[] value = new byte[(int) length];
        bytes.get(value);
        return value;
    }

    /** A whole number of any length in little-endian two's complement, as a Long if it fits. */
    Number number(long length) throws CorruptFile {
        if (length > MAX_LINE) {
            throw new CorruptFile("a number of " + length + " bytes stands in it");
        }
        byte[] value = bytes(length);
        for (int i = 0; i < value.length / 2; i++) {
            byte swapped = value[i];
            value[i] = value[value.length - 1 - i];
            value[value.length - 1 - i] = swapped;
        }
        return narrow(value.length == 0 ? BigInteger.ZERO : new BigInteger(value));
    }

    static Number narrow(BigInteger value) {
        return value.bitLength() < Long.SIZE ? (Number) value.longValue() : value;
    }

    /** The text up to the next line feed. */
    String line() throws CorruptFile {
        StringBuilder line = new StringBuilder();
        for (int c = unsigned1(); c != '\n'; c = unsigned1()) {
            if (line.length() == MAX_LINE) {
                throw new CorruptFile("a line in it is longer than " + MAX_LINE + " characters");
            }
            line.append((char) c);
        }
        return line.toString();
    }

    private ByteBuffer need(long length) throws CorruptFile {
        if (length < 0 || length > bytes.remaining()) {
            throw new CorruptFile("it ends in the middle of a value; copy it again");
        }
        return bytes;
    }

    static Object decimal(String line) throws CorruptFile {
        if (line.equals("00") || line.equals("01")) {
            return line.equals("01");
        }
        try {
            return narrow(new BigInteger(line.replace("L", "")));
        } catch (NumberFormatException e) {
            throw new CorruptFile("'" + line + "' stands where its pickle needs a whole number");
        }
    }

    static Double real(String line) throws CorruptFile {
        try {
            return Double.valueOf(line);
        } catch (NumberFormatException e) {
            throw new CorruptFile("'" + line + "' stands where its pickle needs a number");
        }
    }
}

package org.simreg.worker.base.io;

/** The sentence about an image that can't be read: a worker writes it once, reports count it. */
public final class BrokenImage {
    private static final String MARK = " can't be used: ";

    private BrokenImage() {}

    /** The sentence about a file. */
    public static String sentence(Object file, String reason) {
        return file + MARK + reason;
    }

    /** Whether a notice is such a sentence. */
    public static boolean isSentence(String notice) {
        return notice.contains(MARK);
    }

    /** The file that such a sentence is about. */
    public static String file(String sentence) {
        return sentence.substring(0, sentence.indexOf(MARK));
    }
}

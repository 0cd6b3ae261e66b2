"""From bytes and paths to what the network sees."""

import cv2

cv2.setNumThreads(1)  # a drawing is too small to share, and the web answers several at once

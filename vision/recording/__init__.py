"""Clips of incidents: the camera's own packets from some seconds before to some seconds after.

They are taken from the one connection that is watched, without decoding, and written as MP4 by a
thread of low priority. A camera with privacy masks is the exception: its packets never leave the
process; its clip is made anew from masked pictures, smaller and with fewer of them.
"""
